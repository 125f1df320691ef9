import { escape } from 'mysql2';
import type { Cell, LegacyColumn, LegacyRow, LegacyTable } from '../legacy-tables.js';

/** A column with its type in MySQL. */
export type MysqlColumn<T extends LegacyTable> = readonly [name: LegacyColumn<T>, type: string];

/** One value as MySQL reads it in its default mode, in which a backslash escapes. */
function insertCell(cell: Cell, type: string): string {
  if (cell === null) return 'null';
  return type === 'binary(16)' ? `x'${String(cell).replaceAll('-', '')}'` : escape(cell);
}

/** INSERT statements of many rows each, of about `size` characters. */
export function* insertText<T extends LegacyTable>(
  into: string,
  rows: Iterable<LegacyRow<T>>,
  columns: readonly MysqlColumn<T>[],
  size = 1_000_000,
): Generator<string> {
  const head = `insert into ${into} (${columns.map(([column]) => column).join(', ')}) values `;
  let tuples: string[] = [];
  let length = 0;
  for (const row of rows) {
    const tuple = `(${columns.map(([column, type]) => insertCell(row[column], type)).join(',')})`;
    tuples.push(tuple);
    length += tuple.length;
    if (length < size) continue;
    yield head + tuples.join(',');
    tuples = [];
    length = 0;
  }
  if (tuples.length > 0) yield head + tuples.join(',');
}
