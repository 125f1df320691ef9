import { crc32 } from 'node:zlib';
import { keyReader } from '../decisions.js';
import { RawRow, type SourceChunk } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import type { StepSource } from '../step.js';

/** The legacy keys of rows, as texts in the order of the key columns. */
export function keysOf(database: SourceDatabase, source: StepSource, rows: SourceChunk): string[][] {
  const row = new RawRow(source.table.columns.length);
  const key = keyReader(source);
  return Array.from({ length: rows.rows }, (_, position) => {
    database.locate(rows, position, row);
    return key(row);
  });
}

/** Checksum and size of the rows with these legacy ids, in the order in which the source gives them. */
export function sumOfSome(
  database: SourceDatabase,
  source: StepSource,
  rows: SourceChunk,
  wanted: ReadonlySet<string>,
): { readonly checksum: number; readonly bytes: number } {
  let [checksum, bytes] = [0, 0];
  for (const [position, key] of keysOf(database, source, rows).entries()) {
    if (!wanted.has(key.join(','))) continue;
    const part = rows.bytes.subarray(rows.offsets[position], rows.offsets[position + 1]);
    checksum = crc32(part, checksum);
    bytes += part.length;
  }
  return { checksum, bytes };
}
