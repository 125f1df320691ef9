import { escape } from 'mysql2';
import type { Cell, LegacyColumn, LegacyRow, LegacyTable } from '../legacy-tables.js';

/** One value as MySQL reads it in its default mode, in which a backslash escapes. */
function insertCell(cell: Cell): string {
  return cell === null ? 'null' : escape(cell);
}

/** INSERT statements of many rows each, of about `size` characters. */
export function* insertText<T extends LegacyTable>(
  into: string,
  rows: Iterable<LegacyRow<T>>,
  columns: readonly LegacyColumn<T>[],
  size = 1_000_000,
): Generator<string> {
  const head = `insert into ${into} (${columns.join(', ')}) values `;
  let tuples: string[] = [];
  let length = 0;
  for (const row of rows) {
    const tuple = `(${columns.map((column) => insertCell(row[column])).join(',')})`;
    tuples.push(tuple);
    length += tuple.length;
    if (length < size) continue;
    yield head + tuples.join(',');
    tuples = [];
    length = 0;
  }
  if (tuples.length > 0) yield head + tuples.join(',');
}
