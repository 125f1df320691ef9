import type { SourceColumn } from '../row.js';
import { textFault } from './text.js';
import { textOf, type TextReader } from './wire-text.js';

/** Bytes written as bytea prints them. */
const written = /^\\x((?:[0-9a-f]{2})+)$/;

/**
 * A key column as the text by which its row is named, also in the target, whose texts hold no NUL and nothing but UTF-8:
 * bytes that are no such text come as hexadecimal behind `\x`, and so does a text that looks like that itself, so that
 * different keys never have the same name. `keyBytes` leads back.
 */
export function keyTextOf(column: SourceColumn): TextReader {
  const read = textOf(column);
  if (column.encoding !== 'text' || column.kind !== 'text') return read;
  const { field } = column;
  return (row) => {
    const text = read(row);
    if (text === null || !isAwkward(text)) return text;
    const start = row.start[field] as number;
    const bytes = row.bytes.subarray(start, start + (row.length[field] as number));
    return textFault(bytes) === undefined && !written.test(text) ? text : `\\x${bytes.toString('hex')}`;
  };
}

/** What is worth a look at the bytes: few keys are. */
function isAwkward(text: string): boolean {
  return text.includes('\0') || text.includes('\ufffd') || text.startsWith('\\x');
}

/** The bytes of a key that `keyTextOf` has written as hexadecimal; undefined for every other. */
export function keyBytes(text: string): Buffer | undefined {
  const hex = written.exec(text)?.[1];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}
