import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { loadDecisions } from '../decisions.js';
import { begin, type Begun } from '../ranges/begun.js';
import { stepOfKind } from '../retry/retry-range.js';
import { oneAhead } from '../source/one-ahead.js';
import type { SourceDatabase } from '../source/types.js';
import { HeldReferences, type SharedReferences } from '../references/shared-references.js';
import { referencedSteps, type Step } from '../step.js';
import { rangeLock } from '../../store/chunks.js';
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
  /** of all who verify steps in this process */
  readonly references: SharedReferences;
  readonly signal: AbortSignal;
  /** awaited before each chunk is compared: rests while a server should be spared. Ends at once when `signal` is aborted */
  readonly pace?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly progress: (rows: number) => void;
  readonly at?: PassPoint | undefined;
}

/**
 * Answers how many ranges of the step have chunks that are yet to be compared. `again`: chunks in which differences were
 * found before are compared once more.
 */
export async function openVerification(client: Client, step: Step, again: boolean): Promise<number> {
  if (again) await forgetDifferences(client, step);
  return (await rangesLeft(client, step)).length;
}

/**
 * Reads the source rows of the step again, through the same rules, and compares them with the rows that stand in the
 * target, column by column; chunk by chunk, each marked when it is done, so that a crash repeats one chunk at most.
 * Several of these may run side by side, on one worker or many: each takes ranges that no other is at, and ends when
 * there are none. Answers the figures of the step as they are then.
 */
export async function verifyStep(
  step: Step,
  database: SourceDatabase,
  connect: () => Promise<Client>,
  options: VerifyOptions,
): Promise<Verification> {
  const client = await connect();
  const reading = await connect();
  const references = new HeldReferences(options.references, step, client);
  let ahead: Promise<BegunRange | undefined> | undefined;
  try {
    // A chunk's rows are found by their keys. Left to itself the planner, which cannot know how few the keys of one chunk
    // are, would read the whole table for every chunk.
    await reading.query(
      "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '64MB'",
    );
    // A note that is lost with the server costs another look at its chunk.
    await client.query('set synchronous_commit = off');
    let rows = 0;
    const note = async ({ chunk, found }: ComparedOne): Promise<void> => {
      await record(client, step, chunk, found);
      options.at?.('chunk-verified');
      rows += chunk.read;
      options.progress(rows);
    };
    const beginNext = (held?: Range) =>
      beginRange({ step, database, client, reading, references, options }, held);
    let range = await beginNext();
    while (range) {
      const { chunks } = range;
      let compared = 0;
      // What is found of one chunk is noted while the next one is compared.
      let noted = Promise.resolve();
      for await (const one of range.items) {
        options.at?.('chunk-compared');
        await noted;
        noted = note(one);
        noted.catch(() => undefined);
        if (++compared < chunks * aheadShare || ahead) continue;
        ahead = beginNext(range);
        ahead.catch(() => undefined);
      }
      await noted;
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lockOf(step, range)]);
      const next = ahead ?? beginNext();
      ahead = undefined;
      range = await next;
    }
    return await total(client, step);
  } finally {
    await (await ahead?.catch(() => undefined))?.end();
    references.release();
    await Promise.all([client.end().catch(() => undefined), reading.end().catch(() => undefined)]);
  }
}

interface Range {
  readonly sourceTable: string;
  readonly range: number;
}

async function rangesLeft(client: Client, { ref, entity }: Step): Promise<Range[]> {
  const { rows } = await client.query<Range>(
    `select distinct source_table as "sourceTable", range from migration.chunks
     where run = $1 and step = $2 and verified_at is null order by range`,
    [ref.run, entity.step],
  );
  return rows;
}

/**
 * A range with chunks to compare that no other is at; who is at it holds its lock, which ends with the connection.
 * `held`: one that this session is at, whose lock it would get once more.
 */
async function claimRange(client: Client, step: Step, held: Range | undefined): Promise<Range | undefined> {
  for (const range of await rangesLeft(client, step)) {
    if (range.range === held?.range) continue;
    const { rows } = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [lockOf(step, range)],
    );
    if (rows[0]?.locked) return range;
  }
  return undefined;
}

function lockOf({ ref, entity }: Step, { sourceTable, range }: Range): string {
  return `compare/${rangeLock({ run: ref.run, step: entity.step, sourceTable, range })}`;
}

/** Chunks of a range that are compared when the next one is begun: its server may have to sort before it sends a row. */
const aheadShare = 0.6;

interface BegunRange extends Range, Begun<ComparedOne> {
  readonly chunks: number;
}

/** Claims a range and compares its first chunk, whether that is waited for or not. */
async function beginRange(
  parts: Omit<Comparing, 'range' | 'left'>,
  held: Range | undefined,
): Promise<BegunRange | undefined> {
  const { client, step, options } = parts;
  const range = await claimRange(client, step, held);
  if (!range) return undefined;
  const left = await chunksLeft(client, step, range);
  const begun = begin(
    (signal) => compareRange({ ...parts, range, left, options: { ...options, signal } }),
    options.signal,
  );
  return { ...range, ...begun, chunks: left.length };
}

interface ComparedOne {
  readonly chunk: ComparedChunk;
  readonly found: Difference[];
}

interface Comparing {
  readonly step: Step;
  readonly range: Range;
  readonly left: readonly ComparedChunk[];
  readonly database: SourceDatabase;
  readonly client: Client;
  readonly reading: Client;
  readonly references: HeldReferences;
  readonly options: VerifyOptions;
}

/** The chunks of one range that are left, with their differences; those of one origin by the same rules. */
async function* compareRange({
  step,
  range,
  database,
  client,
  reading,
  references,
  left,
  options: { signal, pace },
}: Comparing): AsyncGenerator<ComparedOne> {
  const { entity } = step;
  const source = step.sources.find(({ plan }) => plan.table === range.sourceTable);
  if (!source) throw new Error(`the plan of ${entity.step} has no source ${range.sourceTable}`);
  const own = referencedSteps(entity).includes(entity.step) || entity.consolidation !== undefined;
  const decisions = await loadDecisions(client, step.ref, entity.step, source.plan.table);
  for (const { kind, knownBefore, chunks } of comparedAlike(left)) {
    const transformer = new ChunkTransformer({
      step: stepOfKind(kind, step),
      source,
      database,
      client,
      references: await references.of({ own, knownBefore }),
      decisions,
      signal,
      resolveOwn: true,
    });
    const comparison = await Comparison.open(step, source, transformer.columns, reading);
    const readings =
      kind === 'key'
        ? readChunksAgain(database, source, chunks, signal)
        : readRetriedChunks(client, database, step, source, chunks, signal);
    for await (const { chunk, rows } of oneAhead(readings)) {
      await pace?.(signal);
      signal.throwIfAborted();
      const found = await comparison.compare(chunk, rows, transformer);
      rows?.release?.();
      yield { chunk, found };
    }
  }
}

async function chunksLeft(client: Client, step: Step, range: Range): Promise<ComparedChunk[]> {
  const { ref, entity } = step;
  const others = referencedSteps(entity).filter((name) => name !== entity.step);
  const { rows } = await client.query<ComparedChunk & { verified: boolean }>(
    `with came_later as materialized (
       select c.committed_at from migration.chunks c join migration.ranges r using (run, step, source_table, range)
       where c.run = $1 and c.step = any($4) and r.kind <> 'key'
     )
     select c.source_table as "sourceTable", r.kind, c.range, c.chunk, c.last_key as "lastKey", c.read, c.migrated, c.checksum,
       coalesce(lag(c.last_key) over (order by c.chunk), r.lower) as after,
       c.verified_at is not null as verified,
       (select min(l.committed_at)::text from came_later l where l.committed_at > coalesce(c.refreshed_at, c.committed_at)) as "knownBefore"
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where c.run = $1 and c.step = $2 and c.source_table = $3 and c.range = $5 order by c.chunk`,
    [ref.run, entity.step, range.sourceTable, others, range.range],
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
    if (rowCount === 0 || found.length === 0) return;
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
