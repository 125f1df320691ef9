import type { Outcome, Call } from './call.js';
import type { OptionSpec } from './arguments.js';

/** Headings of the help, in its order. */
export const groups = {
  runs: 'Runs and control',
  looking: 'Looking',
} as const;
export type Group = keyof typeof groups;

/** What a command does. */
export type CommandWork = (call: Call) => Promise<Outcome>;

/**
 * A command as data: the parser, the help, the README's table and the scripts of package.json are all made of it. It is
 * loaded with every command; what a command needs for its work is loaded by `load` alone.
 */
export interface CommandEntry {
  /** as it is typed behind `nxt-migrate`, and behind `migration:` in a script's name */
  readonly name: string;
  readonly group: Group;
  /** one sentence */
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** words behind the name, without the binary */
  readonly examples: readonly string[];
  /** what it changes, in a word or two; null: it only looks */
  readonly changes: string | null;
  readonly load: () => Promise<CommandWork>;
}

/** The name of the npm script that calls a command, as the manual writes it. */
export function scriptOf({ name }: Pick<CommandEntry, 'name'>): string {
  return name.includes(':') ? name : `migration:${name}`;
}
