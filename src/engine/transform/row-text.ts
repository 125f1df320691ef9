/** Whole source rows for people and for the quarantine. */
import type { RawRow, SourceColumn } from '../row.js';
import { textFault } from '../values/text.js';
import { textOf } from '../values/wire-text.js';
import { documentText } from './document-value.js';
import { checkedText } from './field.js';
import { camelCase } from './leftover-keys.js';
import { objectWriter } from './object-writer.js';
import { RowContext } from './types.js';
import { TupleWriter } from '../target/tuple-writer.js';

/**
 * The row as text by column name: what `column::text` prints. Bytes that are no text of PostgreSQL's come as
 * hexadecimal behind `\x`, as bytea prints them, so that nothing of a rejected row is lost.
 */
export function rowAsText(row: RawRow, columns: readonly SourceColumn[]): Record<string, string | null> {
  const texts: Record<string, string | null> = {};
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
 * what is attached to the row that this one is merged into. Undefined when a value cannot be in a document.
 */
export function rowDocument(columns: readonly SourceColumn[]): (row: RawRow) => string | undefined {
  const context = new RowContext();
  const out = new TupleWriter(1 << 10);
  const taken = new Set<string>();
  const write = objectWriter(
    columns.map((column) => {
      const camel = camelCase(column.name);
      const key = taken.has(camel) ? column.name : camel;
      taken.add(key);
      const read = documentText(column, checkedText(column), 'json');
      return {
        key,
        write(row, rowContext, into) {
          const json = read(row, rowContext);
          if (json === null || json === undefined) return false;
          into.utf8(json);
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
    return context.faults.length > 0 ? undefined : out.bytes.toString('utf8', 0, out.position);
  };
}
