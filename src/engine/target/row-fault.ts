import pg from 'pg';
import type { RejectCode } from '../../contract/errors.js';

/** What the target refused a row for: the reject's code and a reason without the row's values. */
export interface RefusedRow {
  readonly code: RejectCode;
  readonly column: string;
  readonly reason: string;
  /** position of the row in the COPY, from 0, where the server names it */
  readonly row: number | undefined;
  /** the constraint that refuses it, where the server names one */
  readonly constraint: string | undefined;
}

/**
 * Reads an error of COPY as the fault of a row; undefined when it is not one (a lost connection, a full disk).
 * SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function rowFaultOf(error: unknown): RefusedRow | undefined {
  if (!(error instanceof pg.DatabaseError) || !error.code) return undefined;
  const line = /, line (\d+)/.exec(error.where ?? '')?.[1];
  const row = line === undefined ? undefined : Number(line) - 1;
  // The server names the column of a value it cannot hold, not that of a constraint.
  const column = error.column ?? '';
  const { constraint } = error;
  switch (error.code) {
    case '23505':
    case '23P01':
      return {
        code: 'ERR_005',
        column,
        reason: `the target already holds a row with this key (${constraint})`,
        row,
        constraint,
      };
    case '23503':
      // Named by the server at the end of the statement, not at a row.
      return {
        code: 'ERR_004',
        column,
        reason: `the row it refers to does not exist (${constraint})`,
        row: undefined,
        constraint,
      };
    case '23502':
      return { code: 'ERR_003', column, reason: 'the target does not allow it to be empty', row, constraint };
    case '23514':
      return {
        code: 'ERR_003',
        column,
        reason: `the target's check ${constraint} refuses it`,
        row,
        constraint,
      };
    case 'P0001':
      return { code: 'ERR_003', column, reason: 'a trigger of the target refuses it', row, constraint };
    default:
      if (!error.code.startsWith('22')) return undefined;
      return {
        code: 'ERR_003',
        column,
        reason: `the target cannot hold the value (SQLSTATE ${error.code})`,
        row,
        constraint,
      };
  }
}
