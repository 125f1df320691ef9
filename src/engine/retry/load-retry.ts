import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import type { SourceChunk } from '../row.js';
import { claim, loadRows, placeKey } from '../target/load-chunk.js';
import type { ChunkPlace, PreparedChunk, Reject } from '../target/prepared-chunk.js';

export interface LoadedRetry {
  /** legacy ids of the rows that are in now, merged ones included */
  readonly moved: readonly string[];
  /** rows that the target refused */
  readonly refused: readonly Reject[];
}

/**
 * The rows of a page that pass, in the open transaction of `client`, as a chunk that says what has changed about rows
 * which another chunk has read: none read, so many migrated and merged, and as many fewer rejected. Its checksum is over
 * the migrated rows, in the order in which the source gave them. The caller commits.
 *
 * @param ids the legacy ids of the chunk's tuples, in their order
 * @param rowOf positions in `rows` by legacy id
 */
export async function loadRetry(
  client: Client,
  place: ChunkPlace,
  chunk: PreparedChunk,
  ids: readonly string[],
  rows: SourceChunk,
  rowOf: ReadonlyMap<string, number>,
  at?: PassPoint,
): Promise<LoadedRetry> {
  const merged = chunk.merges.length;
  const whole = sumOf(rows, ids, rowOf);
  const all = ids.length + merged;
  await claim(client, place, {
    firstKey: chunk.firstKey,
    lastKey: chunk.lastKey,
    read: 0,
    migrated: ids.length,
    merged,
    rejected: -all,
    warnings: chunk.warnings.length,
    ...whole,
  });
  const { refused, warnings } = await loadRows(client, place, chunk, at);
  const migrated = ids.filter((_, tuple) => !refused.has(tuple));
  if (refused.size > 0) {
    const { checksum, bytes } = sumOf(rows, migrated, rowOf);
    await client.query(
      `update migration.chunks set migrated = $6, rejected = $7, warnings = $8, checksum = $9, bytes = $10
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      [...placeKey(place), migrated.length, -(migrated.length + merged), warnings, checksum, bytes],
    );
  }
  return {
    moved: [...migrated, ...chunk.merges.map(({ legacyId }) => legacyId)],
    refused: [...refused.values()],
  };
}

/** CRC-32 and size of some of the rows, as the source sends them when it is asked for just these. */
function sumOf(
  { bytes, offsets }: SourceChunk,
  ids: readonly string[],
  rowOf: ReadonlyMap<string, number>,
): { checksum: number; bytes: number } {
  let checksum = 0;
  let size = 0;
  for (const id of ids) {
    const row = rowOf.get(id);
    if (row === undefined) throw new Error('a row that was not read would move');
    const part = bytes.subarray(offsets[row], offsets[row + 1]);
    checksum = crc32(part, checksum);
    size += part.length;
  }
  return { checksum, bytes: size };
}
