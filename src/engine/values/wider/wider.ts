/**
 * Wider readings of values that a rule refuses, for rows that are moved again with wider coercions. Each takes only what
 * can mean one thing: exact, nothing rounded, nothing guessed.
 */
export interface Wider<T> {
  readonly value: T;
  /** how it was read, for a warning; never the value */
  readonly as: string;
}
