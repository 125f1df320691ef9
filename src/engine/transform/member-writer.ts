import { isUtf8 } from 'node:buffer';
import { misfit, writeNumericText } from '../values/pg-numeric.js';
import type { SourceColumn } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import { asciiUnits } from '../values/ascii-number.js';
import { documentText, isBit, isIdColumn } from './document-value.js';
import type { Field } from './field.js';
import type { MemberWriter } from './object-writer.js';
import { remembering } from './remembering.js';

/** Writes a legacy column into a document, as `documentText` says. */
export function memberWriter(field: Field, as: 'plain' | 'json', slowOnly: boolean): MemberWriter {
  const { column, at } = field;
  const text = documentText(column, (row, context) => field.exactText(row, context), as);
  const slow: MemberWriter = (row, context, out) => {
    const json = text(row, context);
    if (json === null || json === undefined) return false;
    out.utf8(json);
    return true;
  };
  if (slowOnly) return slow;
  if (column.kind === 'text' && as === 'json') {
    const parsed = remembering(at, slow);
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length === -1) return false;
      const start = row.start[at] as number;
      if (length === 0 || mayBeJson(row.bytes, start, length)) return parsed(row, context, out);
      return writeString(out, row.bytes, start, length) || slow(row, context, out);
    };
  }
  if (isString(field, as))
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length === -1) return false;
      return writeString(out, row.bytes, row.start[at] as number, length) || slow(row, context, out);
    };
  if (column.kind === 'json') return remembering(at, slow);
  if (column.encoding === 'text' && isInteger(column) && !isBit(column))
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length < 1) return slow(row, context, out);
      const value = asciiUnits(row.bytes, row.start[at] as number, length, 15, 0);
      if (value === misfit) return slow(row, context, out);
      out.utf8(String(value));
      return true;
    };
  if (column.encoding === 'pg-binary' && column.kind === 'jsonb')
    return (row, _context, out) => {
      const length = row.length[at] as number;
      if (length === -1) return false;
      // Canonical already, behind one byte of version.
      out.raw(row.bytes, (row.start[at] as number) + 1, length - 1);
      return true;
    };
  if (column.encoding === 'pg-binary' && column.kind === 'int4' && !isIdColumn(column))
    return (row, _context, out) => {
      if (row.length[at] === -1) return false;
      out.utf8(String(row.bytes.readInt32BE(row.start[at])));
      return true;
    };
  if (column.encoding === 'pg-binary' && column.kind === 'numeric')
    return (row, context, out) => {
      if (row.length[at] === -1) return false;
      const { position } = out;
      out.byte(0x22);
      if (!writeNumericText(out, row.bytes, row.start[at] as number)) {
        out.position = position;
        return slow(row, context, out);
      }
      out.byte(0x22);
      return true;
    };
  return slow;
}

/** Text that the document shows as it is, between quotation marks. */
function isString({ column }: Field, as: 'plain' | 'json'): boolean {
  const { kind, encoding } = column;
  if (kind === 'text') return as === 'plain' && !isBit(column);
  if (encoding !== 'text') return false;
  return (
    kind === 'uuid' || kind === 'numeric' || kind === 'date' || (isInteger(column) && isIdColumn(column))
  );
}

function isInteger({ kind }: SourceColumn): boolean {
  return kind === 'int2' || kind === 'int4' || kind === 'int8';
}

/** The byte that a JSON document ends with, by the one it begins with. */
const endings: ReadonlyMap<number, number> = new Map(
  ['{}', '[]', '""', 'te', 'fe', 'nl'].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
);
const numberBytes = new Set(Buffer.from('0123456789+-.eE', 'latin1'));

/** Whether it is worth parsing: most plain text differs from JSON in its first or last byte. */
function mayBeJson(bytes: Buffer, start: number, length: number): boolean {
  const first = bytes[start] as number;
  const last = bytes[start + length - 1] as number;
  // White space or a byte order mark around it is for the parser's side to take off.
  if (first <= 0x20 || first >= 0x7f || last <= 0x20 || last >= 0x7f) return true;
  const ending = endings.get(first);
  if (ending !== undefined) return ending === last;
  if (!numberBytes.has(first)) return false;
  for (let i = start + 1; i < start + length; i++) if (!numberBytes.has(bytes[i] as number)) return false;
  return true;
}

/** Bytes that stand in a JSON string as they are: 0 yes, 1 yes if the whole is UTF-8, 2 no. */
const classes = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 1;
  return byte < 0x20 || byte === 0x22 || byte === 0x5c ? 2 : 0;
});

/**
 * Writes a JSON string of text that begins and ends with a visible ASCII character and needs no escapes; false, and
 * nothing written, for every other.
 */
function writeString(out: TupleWriter, from: Buffer, start: number, length: number): boolean {
  if (length === 0) return false;
  const first = from[start] as number;
  const last = from[start + length - 1] as number;
  if (first <= 0x20 || first >= 0x7f || last <= 0x20 || last >= 0x7f) return false;
  out.reserve(length + 2);
  const { bytes, position } = out;
  bytes[position] = 0x22;
  const at = position + 1;
  let seen = 0;
  for (let i = 0; i < length; i++) {
    const byte = from[start + i] as number;
    bytes[at + i] = byte;
    seen |= classes[byte] as number;
  }
  if (seen > 1 || (seen === 1 && !isUtf8(from.subarray(start, start + length)))) return false;
  bytes[at + length] = 0x22;
  out.position = at + length + 1;
  return true;
}
