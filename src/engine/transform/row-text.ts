/** Whole source rows for people and for the quarantine. */
import type { RawRow, SourceColumn } from '../row.js';
import { jsonString } from '../values/json-text.js';
import { textFault, trim } from '../values/text.js';
import { textOf } from '../values/wire-text.js';
import { documentText } from './document-value.js';
import { checkedText } from './field.js';
import { uniqueKeys } from './leftover-keys.js';
import { objectWriter } from './object-writer.js';
import { RowContext } from './types.js';
import { TupleWriter } from '../target/tuple-writer.js';

/**
 * The row as text by column name: what `column::text` prints. Bytes that are no text of PostgreSQL's come as
 * hexadecimal behind `\x`, as bytea prints them, so that nothing of a rejected row is lost.
 */
export function rowAsText(row: RawRow, columns: readonly SourceColumn[]): Record<string, string | null> {
  // Without a prototype, so that a column may have any name, `__proto__` as well.
  const texts = Object.create(null) as Record<string, string | null>;
  for (const column of columns) texts[column.name] = fieldAsText(row, column);
  return texts;
}

function fieldAsText(row: RawRow, column: SourceColumn): string | null {
  const start = row.start[column.field] as number;
  const length = row.length[column.field] as number;
  if (length === -1) return null;
  const isText = column.encoding === 'text' || column.kind === 'text' || column.kind === 'json';
  const bytes = row.bytes.subarray(start, start + length);
  return isText && textFault(bytes) !== undefined ? `\\x${bytes.toString('hex')}` : textOf(column)(row);
}

/**
 * Makes the reader that gives a whole row as a canonical JSON object with keys in camelCase, missing values left out:
 * what is attached to the row that this one is merged into. Text columns named in `parsed` are nested where they are
 * JSON. What cannot be in a document as it is (duplicate keys, bytes that are no text) is there as a string.
 */
export function rowDocument(
  columns: readonly SourceColumn[],
  parsed: ReadonlySet<string>,
): (row: RawRow) => string {
  const context = new RowContext();
  const out = new TupleWriter(1 << 10);
  const keys = uniqueKeys(columns);
  const write = objectWriter(
    columns.map((column) => {
      const read = documentText(column, checkedText(column), parsed.has(column.name) ? 'json' : 'plain');
      return {
        key: keys.get(column.name) ?? column.name,
        write(row, rowContext, into) {
          const json = read(row, rowContext);
          if (json === null) return false;
          into.utf8(json ?? jsonString(trim(fieldAsText(row, column) ?? '')));
          return true;
        },
      };
    }),
    false,
  );
  return (row) => {
    context.reset();
    out.position = 0;
    write(row, context, out);
    return out.bytes.toString('utf8', 0, out.position);
  };
}
