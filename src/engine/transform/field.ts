import type { RawRow, SourceColumn } from '../row.js';
import { textFaultAt } from '../values/text.js';
import { textOf } from '../values/wire-text.js';
import { documentText, isBit } from './document-value.js';
import type { RowContext } from './types.js';

/** One legacy column as the rules see it. Readers give null for SQL NULL, undefined after telling of a fault. */
export interface Field {
  readonly column: SourceColumn;
  readonly name: string;
  /** position in the row */
  readonly at: number;
  /** its key among the leftovers */
  readonly key: string;
  /** the value as text, trimmed */
  text(row: RawRow, context: RowContext): string | null | undefined;
  /** the value as text, as it is */
  exactText(row: RawRow, context: RowContext): string | null | undefined;
  /** the value as it stands among the leftovers: canonical JSON text */
  json(row: RawRow, context: RowContext): string | null | undefined;
  /** keeps the value of this row among the leftovers */
  keep(row: RawRow, context: RowContext): void;
}

export function fieldOf(column: SourceColumn, key: string): Field {
  const exactText = checkedText(column);
  const json = documentText(column, exactText, 'plain');
  return {
    column,
    name: column.name,
    at: column.field,
    key,
    exactText,
    json,
    text(row, context) {
      const text = exactText(row, context);
      return text === undefined || text === null ? text : context.trim(text);
    },
    keep(row, context) {
      const value = json(row, context);
      if (value !== null && value !== undefined) context.keep(key, value);
    },
  };
}

/** The column as text; bytes that no PostgreSQL text can hold are a fault. */
export function checkedText(
  column: SourceColumn,
): (row: RawRow, context: RowContext) => string | null | undefined {
  const read = textOf(column);
  if (column.encoding === 'pg-binary' && column.kind !== 'text' && column.kind !== 'json') return read;
  const { field } = column;
  // A bit is a byte that may well be zero.
  if (isBit(column)) return read;
  return (row, context) => {
    const length = row.length[field] as number;
    if (length === -1) return null;
    const start = row.start[field] as number;
    const fault = textFaultAt(row.bytes, start, start + length);
    if (fault === undefined) return read(row);
    context.fault(column.name, fault);
    return undefined;
  };
}
