/** A field of the wire as the text that its server would print for it. */
import type { RawRow, SourceColumn } from '../row.js';
import { dateText } from './date.js';
import { numericText } from './pg-numeric.js';
import { timestampText } from './timestamp.js';
import { uuidText } from './uuid.js';

export type TextReader = (row: RawRow) => string | null;

/**
 * Exactly what PostgreSQL's `column::text` prints in a session with TimeZone UTC and DateStyle ISO; null for SQL NULL.
 * Bytes that are not UTF-8 come out as U+FFFD: whoever must know looks at them with `textFault`.
 */
export function textOf(column: SourceColumn): TextReader {
  const { field } = column;
  const read = column.encoding === 'text' ? utf8 : binary[column.kind];
  return (row) => {
    const length = row.length[field] as number;
    return length === -1 ? null : read(row.bytes, row.start[field] as number, length);
  };
}

type Read = (bytes: Buffer, start: number, length: number) => string;

const utf8: Read = (bytes, start, length) => bytes.toString('utf8', start, start + length);

const binary: Readonly<Record<SourceColumn['kind'], Read>> = {
  text: utf8,
  json: utf8,
  // one byte of version in front of the text
  jsonb: (bytes, start, length) => utf8(bytes, start + 1, length - 1),
  uuid: uuidText,
  bool: (bytes, start) => (bytes[start] === 1 ? 'true' : 'false'),
  int2: (bytes, start) => String(bytes.readInt16BE(start)),
  int4: (bytes, start) => String(bytes.readInt32BE(start)),
  int8: (bytes, start) => String(bytes.readBigInt64BE(start)),
  numeric: numericText,
  timestamp: (bytes, start) => timestampText(bytes.readBigInt64BE(start), ' ', ''),
  timestamptz: (bytes, start) => timestampText(bytes.readBigInt64BE(start), ' ', '+00'),
  date: (bytes, start) => dateText(bytes.readInt32BE(start)),
};
