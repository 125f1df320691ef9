import type { Client } from 'pg';
import { keysOfRetried } from '../retry/quarantine.js';
import type { SourceChunk } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import type { Step, StepSource } from '../step.js';

/**
 * The source rows of chunks that have left the quarantine, as the source has them now: they lie between rows of other
 * chunks, so they are looked up by the keys of their lineage. `rows` undefined: the source has none of them any more.
 */
export async function* readRetriedChunks<Chunk extends { readonly range: number; readonly chunk: number }>(
  client: Client,
  database: SourceDatabase,
  step: Step,
  source: StepSource,
  chunks: readonly Chunk[],
  signal: AbortSignal,
): AsyncGenerator<{ chunk: Chunk; rows: SourceChunk | undefined }> {
  for (const chunk of chunks) {
    const { rows: ids } = await client.query<{ legacyId: string }>(
      `select coalesce(k.legacy, k.target) as "legacyId"
       from migration.lineage l
       cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
         k(target, legacy)
       where l.run = $1 and l.step = $2 and l.source_table = $3 and l.range = $4 and l.chunk = $5`,
      [step.ref.run, step.entity.step, source.plan.table, chunk.range, chunk.chunk],
    );
    const legacyIds = ids.map((row) => row.legacyId);
    const keys = await keysOfRetried(client, step, source, chunk, legacyIds);
    const rows = await database.lookup(source.table, keys, signal);
    yield { chunk, rows: rows.rows === 0 ? undefined : rows };
  }
}
