import { MigrationError } from '../contract/errors.js';
import type { Tally } from './types.js';

/** ERR_009: a copy of a table is not what it was copied from. `where` names the copy. */
export function checksumMismatch(
  where: string,
  table: string,
  expected: Tally,
  found: Tally,
  next: string,
): MigrationError {
  return new MigrationError('ERR_009', `${where}: table ${table} ${tallyDifference(expected, found)}.`, {
    next,
    place: { table },
  });
}

export function tallyDifference(expected: Tally, found: Tally): string {
  return expected.rows === found.rows
    ? `has the right number of rows (${found.rows}) but other contents (checksum ${found.checksum} instead of ${expected.checksum})`
    : `has ${found.rows} rows instead of ${expected.rows}`;
}
