import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import type { SourceDatabase } from '../source/types.js';
import type { Step, StepSource } from '../step.js';
import { readChunksAgain, type ChunkBounds } from '../verify/read-chunks-again.js';
import { readRetriedChunks } from '../verify/read-retried-chunks.js';
import type { Place } from './find-rows.js';

interface ChunkAsRead extends ChunkBounds {
  readonly kind: string;
  readonly migrated: number;
  readonly checksum: string;
}

/** Whether the source rows of a chunk are others than they were when they were moved: by its checksum, read again. */
export async function hasSourceChanged(
  client: Client,
  database: SourceDatabase,
  step: Step,
  source: StepSource,
  place: Place,
  signal: AbortSignal,
): Promise<boolean> {
  const { rows: chunks } = await client.query<ChunkAsRead>(
    `select c.range, c.chunk, c.last_key as "lastKey", c.read, c.migrated, c.checksum, r.kind,
       coalesce(b.last_key, r.lower) as after
     from migration.chunks c
     join migration.ranges r using (run, step, source_table, range)
     left join migration.chunks b on b.run = c.run and b.step = c.step and b.source_table = c.source_table
       and b.range = c.range and b.chunk = c.chunk - 1
     where c.run = $1 and c.step = $2 and c.source_table = $3 and c.range = $4 and c.chunk = $5`,
    [place.run, place.step, place.sourceTable, place.range, place.chunk],
  );
  const [chunk] = chunks;
  if (!chunk) throw new Error(`chunk ${place.chunk} of ${place.sourceTable} is not recorded`);
  const readings =
    chunk.kind === 'key'
      ? readChunksAgain(database, source, [chunk], signal)
      : readRetriedChunks(client, database, step, source, [chunk], signal);
  const expected = chunk.kind === 'key' ? chunk.read : chunk.migrated;
  for await (const { rows } of readings)
    return !rows || rows.rows !== expected || crc32(rows.bytes) !== Number(chunk.checksum);
  return true;
}
