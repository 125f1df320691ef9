import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { loadDecisions } from '../decisions.js';
import { stepOfKind } from '../retry/retry-range.js';
import type { SourceDatabase } from '../source/types.js';
import { loadReferences, referencedSteps, type Step, type StepSource } from '../step.js';
import { comparedAlike } from './compared-alike.js';
import { Comparison, type ComparedChunk, type Difference } from './comparison.js';
import { readChunksAgain } from './read-chunks-again.js';
import { readRetriedChunks } from './read-retried-chunks.js';

export interface Verification {
  readonly rows: number;
  readonly differences: number;
  /** of these, rows whose source is as it was read: bent by us or by others in the target */
  readonly corrupted: number;
}

export interface VerifyOptions {
  /** chunks in which differences were found before are compared again */
  readonly again: boolean;
  readonly signal: AbortSignal;
  readonly progress: (rows: number) => void;
  readonly at?: PassPoint | undefined;
}

/**
 * Reads every source row of the step again, through the same rules, and compares it with the row that stands in the
 * target, column by column; chunk by chunk, each marked when it is done, so that a crash repeats one chunk at most.
 */
export async function verifyStep(
  step: Step,
  database: SourceDatabase,
  connect: () => Promise<Client>,
  options: VerifyOptions,
): Promise<Verification> {
  const client = await connect();
  const reading = await connect();
  try {
    // A chunk's rows are found by their keys. Left to itself the planner, which cannot know how few the keys of one chunk
    // are, would read the whole table for every chunk.
    await reading.query(
      "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '64MB'",
    );
    if (options.again) await forgetDifferences(client, step);
    let rows = 0;
    for (const source of step.sources)
      for await (const { chunk, found } of compareSource(step, source, database, client, reading, options)) {
        options.at?.('chunk-compared');
        await record(client, step, chunk, found);
        options.at?.('chunk-verified');
        rows += chunk.read;
        options.progress(rows);
      }
    return await total(client, step);
  } finally {
    await Promise.all([client.end().catch(() => undefined), reading.end().catch(() => undefined)]);
  }
}

/** The chunks of one legacy table that are left, with their differences; those of one kind by the same rules. */
async function* compareSource(
  step: Step,
  source: StepSource,
  database: SourceDatabase,
  client: Client,
  reading: Client,
  { signal }: VerifyOptions,
): AsyncGenerator<{ chunk: ComparedChunk; found: Difference[] }> {
  const { entity } = step;
  const own = referencedSteps(entity).includes(entity.step) || entity.consolidation !== undefined;
  const left = await chunksLeft(client, step, source.plan.table);
  const decisions = await loadDecisions(client, step.ref, entity.step, source.plan.table);
  for (const { kind, knownBefore, chunks } of comparedAlike(left)) {
    const transformer = new ChunkTransformer({
      step: stepOfKind(kind, step),
      source,
      database,
      client,
      references: await loadReferences(step, client, { own, knownBefore }),
      decisions,
      signal,
      resolveOwn: true,
    });
    const comparison = await Comparison.open(step, source, transformer.columns, reading);
    const readings =
      kind === 'key'
        ? readChunksAgain(database, source, chunks, signal)
        : readRetriedChunks(client, database, step, source, chunks, signal);
    for await (const { chunk, rows } of readings) {
      signal.throwIfAborted();
      yield { chunk, found: await comparison.compare(chunk, rows, transformer) };
    }
  }
}

async function chunksLeft(client: Client, step: Step, table: string): Promise<ComparedChunk[]> {
  const { ref, entity } = step;
  const others = referencedSteps(entity).filter((name) => name !== entity.step);
  const { rows } = await client.query<ComparedChunk & { verified: boolean }>(
    `with came_later as materialized (
       select c.committed_at from migration.chunks c join migration.ranges r using (run, step, source_table, range)
       where c.run = $1 and c.step = any($4) and r.kind <> 'key'
     )
     select c.source_table as "sourceTable", r.kind, c.range, c.chunk, c.last_key as "lastKey", c.read, c.migrated, c.checksum,
       coalesce(lag(c.last_key) over (partition by c.range order by c.chunk), r.lower) as after,
       c.verified_at is not null as verified,
       (select min(l.committed_at)::text from came_later l where l.committed_at > c.committed_at) as "knownBefore"
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where c.run = $1 and c.step = $2 and c.source_table = $3 order by c.range, c.chunk`,
    [ref.run, entity.step, table, others],
  );
  return rows.filter((chunk) => !chunk.verified);
}

/** Chunks in which differences were found are as if they had not been compared. */
async function forgetDifferences(client: Client, { ref, entity }: Step): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(
      'update migration.chunks set verified_at = null, differences = null where run = $1 and step = $2 and differences > 0',
      [ref.run, entity.step],
    );
    await client.query('delete from migration.differences where run = $1 and step = $2', [
      ref.run,
      entity.step,
    ]);
  });
}

async function record(
  client: Client,
  step: Step,
  chunk: ComparedChunk,
  found: readonly Difference[],
): Promise<void> {
  const column = (name: keyof Difference) => found.map((difference) => difference[name]);
  const rows = new Set(found.map((difference) => difference.legacyId)).size;
  await inTransaction(client, async () => {
    // Claimed first, so that an attempt beside this one does not note the same differences again.
    const { rowCount } = await client.query(
      `update migration.chunks set verified_at = now(), differences = $6
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5 and verified_at is null`,
      [step.ref.run, step.entity.step, chunk.sourceTable, chunk.range, chunk.chunk, rows],
    );
    if (rowCount === 0) return;
    await client.query(
      `insert into migration.differences (run, step, legacy_table, legacy_id, target_id, column_name, kind, what)
       select $1, $2, $3, d.* from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) d`,
      [
        step.ref.run,
        step.entity.step,
        chunk.sourceTable,
        ...(['legacyId', 'targetId', 'column', 'kind', 'what'] as const).map(column),
      ],
    );
  });
}

async function total(client: Client, step: Step): Promise<Verification> {
  const { rows } = await client.query<{ rows: string; differences: string; corrupted: string }>(
    `with found as (
       select coalesce(sum(read), 0) as rows, coalesce(sum(differences), 0) as differences
       from migration.chunks where run = $1 and step = $2
     )
     update migration.step_states s set differences = found.differences from found
     where s.run = $1 and s.step = $2
     returning found.rows, found.differences, (
       select count(distinct (d.legacy_table, d.legacy_id)) from migration.differences d
       where d.run = $1 and d.step = $2 and d.kind = 'corruption') as corrupted`,
    [step.ref.run, step.entity.step],
  );
  const row = rows[0];
  return {
    rows: Number(row?.rows),
    differences: Number(row?.differences),
    corrupted: Number(row?.corrupted),
  };
}
