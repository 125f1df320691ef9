import type { Cell, LegacyColumn, LegacyRow, LegacyTable } from '../legacy-tables.js';

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One value in the text format of PostgreSQL's COPY. */
function copyCell(cell: Cell): string {
  if (cell === null) return '\\N';
  if (typeof cell === 'boolean') return cell ? 't' : 'f';
  if (typeof cell === 'number') return String(cell);
  return /[\\\n\r\t]/.test(cell) ? cell.replace(/[\\\n\r\t]/g, (char) => escapes[char] ?? char) : cell;
}

/** Rows in COPY's text format, gathered into pieces of about `size` characters. */
export function* copyText<T extends LegacyTable>(
  rows: Iterable<LegacyRow<T>>,
  columns: readonly LegacyColumn<T>[],
  size = 65_536,
): Generator<string> {
  let piece = '';
  for (const row of rows) {
    piece += `${columns.map((column) => copyCell(row[column])).join('\t')}\n`;
    if (piece.length < size) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
