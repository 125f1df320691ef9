import type { Client } from 'pg';
import { crc32 } from 'node:zlib';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { loadDecisions } from '../decisions.js';
import { RowSplitter } from '../postgres/split-rows.js';
import { describeTable } from '../postgres/introspect.js';
import { stepOfKind } from '../retry/retry-range.js';
import type { SourceChunk } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import { loadReferences, referencedSteps, type Step, type StepSource } from '../step.js';
import { matchesKey } from '../target/key-match.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { RowComparer } from './compare-rows.js';
import { readChunksAgain, type ChunkBounds } from './read-chunks-again.js';
import { comparedAlike, type Origin } from './compared-alike.js';
import { readRetriedChunks } from './read-retried-chunks.js';
import { copyOut } from '../../store/copy-streams.js';

/** A difference: the exact row and column, never the values. */
interface Difference {
  readonly legacyId: string;
  readonly targetId: string | null;
  readonly column: string | null;
  readonly kind: 'corruption' | 'drift';
  readonly what: string;
}

/** A chunk that is in, with what it inserted. */
interface Chunk extends ChunkBounds, Origin {
  readonly sourceTable: string;
  readonly migrated: number;
  /** over the rows read, or over the rows migrated where these have left the quarantine */
  readonly checksum: string;
}

export interface Verification {
  readonly rows: number;
  readonly differences: number;
  /** of these, rows whose source is as it was read: bent by us or by others in the target */
  readonly corrupted: number;
}

/** Columns that are set after the load from other tables, and have a check of their own. */
function derivedColumns(step: Step): Set<string> {
  return new Set(
    step.plan.entities.flatMap((entity) =>
      (entity.derived ?? [])
        .filter((derived) => derived.parent === step.entity.step)
        .map((derived) => derived.column),
    ),
  );
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
): AsyncGenerator<{ chunk: Chunk; found: Difference[] }> {
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

class Comparison {
  readonly #step: Step;
  readonly #source: StepSource;
  readonly #client: Client;
  readonly #columns: readonly string[];
  readonly #comparer: RowComparer;
  readonly #ignored: ReadonlySet<string>;
  readonly #tuples = new TupleWriter();

  private constructor(
    step: Step,
    source: StepSource,
    columns: readonly string[],
    client: Client,
    comparer: RowComparer,
  ) {
    this.#step = step;
    this.#source = source;
    this.#columns = columns;
    this.#client = client;
    this.#comparer = comparer;
    this.#ignored = derivedColumns(step);
  }

  static async open(
    step: Step,
    source: StepSource,
    columns: readonly string[],
    client: Client,
  ): Promise<Comparison> {
    const table = await describeTable(client, step.entity.table, quoteTable(step.entity.table));
    const described = columns.map((name, field) => {
      const column = table?.columns.find((candidate) => candidate.name === name);
      if (!column) throw new Error(`${step.entity.table} has no column ${name}`);
      return { ...column, field };
    });
    return new Comparison(step, source, columns, client, new RowComparer(described));
  }

  async compare(
    chunk: Chunk,
    rows: SourceChunk | undefined,
    transformer: ChunkTransformer,
  ): Promise<Difference[]> {
    const expectedRows = chunk.kind === 'key' ? chunk.read : chunk.migrated;
    const drifted =
      rows === undefined || rows.rows !== expectedRows || crc32(rows.bytes) !== Number(chunk.checksum);
    const kind = drifted ? 'drift' : 'corruption';
    if (!rows) {
      const lineage = await this.#lineageOf(chunk);
      return lineage.map((row) => ({ ...row, column: null, kind, what: 'its source row is gone' }));
    }
    const numbers = await this.#numbersOf(chunk);
    // The server looks the rows up while the rules run here.
    const [found, expected] = await Promise.all([
      this.#readTarget(chunk, false),
      transformer.prepare(rows, this.#tuples, numbers),
    ]);
    const whole = expected.tuples.bytes.subarray(0, expected.tupleStarts[expected.targetKeys.count]);
    if (found.rows === chunk.migrated && whole.equals(found.bytes)) return [];
    return this.#differences(chunk, expected, kind);
  }

  /** Row by row, for a chunk that is not the same as a whole. */
  async #differences(chunk: Chunk, expected: PreparedChunk, kind: Difference['kind']): Promise<Difference[]> {
    const lineage = await this.#lineageOf(chunk);
    const found = this.#withoutPosition(await this.#readTarget(chunk, true));
    const { tuples, tupleStarts } = expected;
    const whole = tuples.bytes.subarray(0, tupleStarts[expected.targetKeys.count]);
    const expectedChunk: SourceChunk = {
      bytes: whole,
      offsets: Int32Array.from(tupleStarts),
      rows: expected.targetKeys.count,
    };
    const expectedIds = [...expected.targetKeys.texts()];
    const legacyIds = expected.legacyKeys ? [...expected.legacyKeys.texts()] : expectedIds;
    // By legacy key: of two rows that lead to one target key, the one that the target refused must not stand for both.
    const position = new Map(legacyIds.map((id, i) => [id, i]));
    const differences: Difference[] = [];
    // The target's rows come in the order of the lineage; a row that is gone leaves a gap that its key tells.
    for (const [i, row] of lineage.entries()) {
      const at = position.get(row.legacyId);
      const there = this.#foundAt.get(i);
      if (there === undefined)
        differences.push({ ...row, column: null, kind, what: 'the row is missing in the target' });
      else if (at === undefined)
        differences.push({ ...row, column: null, kind, what: 'its source row would not move any more' });
      else
        for (const column of this.#comparer.differences(expectedChunk, at, found, there))
          if (!this.#ignored.has(column))
            differences.push({ ...row, column, kind, what: 'the value differs from the source' });
    }
    const known = new Set(lineage.map((row) => row.legacyId));
    for (const [i, legacyId] of legacyIds.entries())
      if (!known.has(legacyId) && !this.#refused.has(legacyId))
        differences.push({
          legacyId,
          targetId: expectedIds[i] as string,
          column: null,
          kind,
          what: `the row should have moved with chunk ${chunk.chunk}`,
        });
    return differences;
  }

  /** position in the target's answer by position in the lineage */
  readonly #foundAt = new Map<number, number>();
  /** legacy ids of the chunk that stand in the quarantine */
  #refused: ReadonlySet<string> = new Set();

  async #lineageOf(chunk: Chunk): Promise<{ legacyId: string; targetId: string }[]> {
    const { rows } = await this.#client.query<{ legacyId: string; targetId: string }>(
      `select coalesce(k.legacy, k.target) as "legacyId", k.target as "targetId"
       from migration.lineage l
       cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
         with ordinality k(target, legacy, n)
       where ${this.#where(chunk)} order by k.n`,
    );
    const refused = await this.#client.query<{ legacyId: string }>(
      `select legacy_id as "legacyId" from migration.rejects r where ${this.#where(chunk)}`,
    );
    this.#refused = new Set(refused.rows.map((row) => row.legacyId));
    return rows;
  }

  /** What the sequence of a generated key gave to each legacy row of the chunk; undefined where keys are not generated. */
  async #numbersOf(chunk: Chunk): Promise<ReadonlyMap<string, bigint> | undefined> {
    const generated = Object.values(this.#source.plan.columns).some((rule) => rule.kind === 'generated');
    if (!generated) return undefined;
    const lineage = await this.#lineageOf(chunk);
    return new Map(lineage.map((row) => [row.legacyId, BigInt(row.targetId)]));
  }

  /** The chunk's rows as they stand in the target, in the order of the lineage; `numbered`: each with its position first. */
  async #readTarget(chunk: Chunk, numbered: boolean): Promise<SourceChunk> {
    const { target, entity } = this.#step;
    const array = { uuid: 'target_uuids', bigint: 'target_bigints', text: 'target_texts' }[target.keyKind];
    const columns = this.#columns.map((column) => `t.${quoteIdent(column)}`).join(', ');
    const query = `select ${numbered ? 'k.n::int4, ' : ''}${columns} from migration.lineage l
      cross join lateral unnest(l.${array}) with ordinality k(target, n)
      join ${quoteTable(entity.table)} t on ${matchesKey(target, 't', 'k.target')}
      where ${this.#where(chunk)} order by k.n`;
    const splitter = new RowSplitter({ rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER });
    const stream = copyOut(this.#client, `copy (${query}) to stdout (format binary)`);
    let answer: SourceChunk = { bytes: Buffer.alloc(0), offsets: new Int32Array(1), rows: 0 };
    for await (const data of stream) for (const part of splitter.push(data as Buffer)) answer = part;
    for (const part of splitter.finish()) answer = part;
    return answer;
  }

  /** Notes the leading position of each row and takes it out, so that the rest compares as bytes. */
  #withoutPosition(answer: SourceChunk): SourceChunk {
    this.#foundAt.clear();
    const lead = 8;
    const bytes = Buffer.allocUnsafe(answer.bytes.length - answer.rows * lead);
    const offsets = new Int32Array(answer.rows + 1);
    let to = 0;
    for (let i = 0; i < answer.rows; i++) {
      const from = answer.offsets[i] as number;
      const end = answer.offsets[i + 1] as number;
      this.#foundAt.set(answer.bytes.readInt32BE(from + 6) - 1, i);
      offsets[i] = to;
      bytes.writeInt16BE(answer.bytes.readInt16BE(from) - 1, to);
      answer.bytes.copy(bytes, to + 2, from + 2 + lead, end);
      to += end - from - lead;
    }
    offsets[answer.rows] = to;
    return { bytes, offsets, rows: answer.rows };
  }

  #where(chunk: Chunk): string {
    const { ref, entity } = this.#step;
    return [
      `run = ${quoteLiteral(ref.run)}`,
      `step = ${quoteLiteral(entity.step)}`,
      `source_table = ${quoteLiteral(chunk.sourceTable)}`,
      `range = ${chunk.range}`,
      `chunk = ${chunk.chunk}`,
    ].join(' and ');
  }
}

async function chunksLeft(client: Client, step: Step, table: string): Promise<Chunk[]> {
  const { ref, entity } = step;
  const others = referencedSteps(entity).filter((name) => name !== entity.step);
  const { rows } = await client.query<Chunk & { verified: boolean }>(
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

async function record(client: Client, step: Step, chunk: Chunk, found: readonly Difference[]): Promise<void> {
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
