import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import type { Entity } from '../../plan/model.js';
import { lastChunkOf } from '../../store/chunks.js';
import { quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { keyReader, loadDecisions } from '../decisions.js';
import { keysOfRetried } from '../retry/quarantine.js';
import { stepOfKind, type RangeKind } from '../retry/retry-range.js';
import { RawRow, type SourceChunk } from '../row.js';
import type { ChunkLimit, SourceDatabase } from '../source/types.js';
import { loadReferences, type Step, type StepSource } from '../step.js';
import type { MovedRows } from '../references/moved-rows.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { withRangesLocked } from '../undo/lock-ranges.js';
import { Comparison, derivedColumns, legacyIdsOf } from '../verify/comparison.js';
import { readChunksAgain } from '../verify/read-chunks-again.js';
import { ChunkCatchUp, type ChangedChunk, type Changes } from './catch-up-chunk.js';
import { dropParents } from './drop-parents.js';
import { referringColumns } from './others.js';
import { noTuples, withoutRows } from './prepared-subset.js';
import { CatchUpProgress, type Position } from './progress.js';
import { reopenLostLinks } from './reopen-lost-links.js';
import { settleAgain } from './settle-again.js';
import { splitChunk } from './split-chunk.js';
import { StagedRows } from './staged-rows.js';
import { keyRanges, placeOf, retriedRows, storedChunks, type StoredChunk } from './stored-chunk.js';
import { notesOf, readNotes, sameNotes, type StoredNotes } from './stored-notes.js';

export interface StepCatchUp {
  readonly database: SourceDatabase;
  /** opens a connection to the target */
  readonly connect: () => Promise<Client>;
  /** the run's catch-ups, counted */
  readonly number: number;
  /** this step and those caught up behind it: not complete any more once a row has changed */
  readonly reopens: readonly Entity[];
  /** of a new chunk; read anew for each. A chunk of more than twice as many rows or bytes is cut in two */
  readonly limit: Readonly<ChunkLimit>;
  /** ends after the chunk in hand */
  readonly pause: AbortSignal;
  /** drops the chunk in hand; aborts no earlier than `pause` */
  readonly signal: AbortSignal;
  /** rows compared by this call */
  readonly progress: (rows: number) => void;
  readonly at?: PassPoint | undefined;
}

export interface CaughtUp extends Changes {
  /** false: told to pause before the end */
  readonly done: boolean;
  /** rows that stay as they are, since others have changed or built upon them: see `migration.differences` */
  readonly left: number;
  /** nothing has changed that a completion would have to look at */
  readonly completed: boolean;
}

/** How often the place is noted while nothing changes. */
const noteEveryMs = 1_000;

/**
 * Brings a completed step in line with its source as it is now, and with the rows that it refers to: reads every source
 * row again, compares it with what stands in the target, and changes just what differs, one transaction a chunk. Only
 * rows of this run are changed; those that others have changed or built upon are named and left.
 *
 * May be called again after any crash: it goes on behind the last chunk that is noted. Steps that rows refer to come
 * first, with the same `number`; foreign keys that are in the way are off until the steps in `reopens` are completed.
 */
export async function catchUpStep(step: Step, catchUp: StepCatchUp): Promise<CaughtUp> {
  const client = await catchUp.connect();
  const reading = await catchUp.connect();
  try {
    // As for a verification: the planner cannot know how few the keys of one chunk are.
    await reading.query(
      "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '64MB'",
    );
    return await withRangesLocked(client, step.ref.run, step.entity.step, async () => {
      const progress = await CatchUpProgress.open(client, step, catchUp.number, catchUp.reopens);
      const { done } = await progress.state();
      const through = done || (await new StepWalk(step, client, reading, progress, catchUp).walk());
      const { inserted, updated, deleted } = await progress.state();
      return { inserted, updated, deleted, done: through, ...(await progress.answer()) };
    });
  } finally {
    await Promise.all([client.end().catch(() => undefined), reading.end().catch(() => undefined)]);
  }
}

/** What the chunks of one kind, of one legacy table, are compared by. */
interface Rules {
  readonly transformer: ChunkTransformer;
  readonly comparison: Comparison;
}

class StepWalk {
  readonly #step: Step;
  readonly #client: Client;
  readonly #reading: Client;
  readonly #progress: CatchUpProgress;
  readonly #catchUp: StepCatchUp;
  readonly #chunks: ChunkCatchUp;
  readonly #tuples = new TupleWriter();
  readonly #ignored: ReadonlySet<string>;
  readonly #staged: StagedRows;
  #rows = 0;
  #passed: StoredChunk | undefined;
  #notedAt = performance.now();

  constructor(step: Step, client: Client, reading: Client, progress: CatchUpProgress, catchUp: StepCatchUp) {
    this.#step = step;
    this.#client = client;
    this.#reading = reading;
    this.#progress = progress;
    this.#catchUp = catchUp;
    // Set when the step is completed: references of the table to itself, and counts that other steps draw.
    this.#ignored = new Set([...derivedColumns(step), ...ownReferences(step)]);
    this.#staged = new StagedRows(client, step, this.#ignored);
    this.#chunks = new ChunkCatchUp({
      client,
      step,
      staged: this.#staged,
      referring: referringColumns(
        step,
        catchUp.reopens.map((entity) => entity.step),
      ),
      isLater: (row, than) => this.#order(row) > this.#order(than),
      at: catchUp.at,
    });
  }

  /** False when it was paused before the end. */
  async walk(): Promise<boolean> {
    const { database, signal, pause } = this.#catchUp;
    const { position } = await this.#progress.state();
    // Once a chunk is done, the others go by what was decided for it.
    if (!position) {
      await this.#progress.forgetLeft();
      await settleAgain(this.#step, database, this.#client, {
        signal,
        progress: this.#catchUp.progress,
        reopen: () => this.#progress.reopen(),
      });
    }
    for (const source of this.#sources()) {
      if (!(await this.#catchUpSource(source, position))) return false;
    }
    if (pause.aborted) return false;
    await this.#finish();
    return true;
  }

  /** Rows that others are merged into come before these. */
  #sources(): StepSource[] {
    const { sources, entity } = this.#step;
    const last = entity.consolidation?.from;
    return [...sources].sort((a, b) => Number(a.plan.table === last) - Number(b.plan.table === last));
  }

  /** Puts the chunks of the step in the order in which they are caught up. */
  #order({ sourceTable, kind, range, chunk }: Position & { readonly kind: RangeKind }): bigint {
    const source = this.#sources().findIndex(({ plan }) => plan.table === sourceTable);
    return (
      (((BigInt(source) * 2n + (kind === 'key' ? 1n : 0n)) << 32n) + BigInt(range)) * (1n << 32n) +
      BigInt(chunk)
    );
  }

  /** False when it was paused before the end. */
  async #catchUpSource(source: StepSource, from: Position | null): Promise<boolean> {
    const { entity, ref } = this.#step;
    const all = await storedChunks(this.#client, this.#step, source);
    const after = from && this.#order({ ...from, kind: await this.#kindOf(from) });
    const left = all.filter((chunk) => after === null || this.#order(chunk) > after);
    const ranges = await keyRanges(this.#client, this.#step, source);
    const references = await loadReferences(this.#step, this.#client, {
      own: entity.consolidation?.from === source.plan.table,
    });
    const decisions = await loadDecisions(this.#client, ref, entity.step, source.plan.table);
    const rulesOf = async (kind: RangeKind): Promise<Rules> =>
      this.#rules(kind, source, references, decisions);
    for (const kind of ['retry', 'coerced-retry'] as const) {
      const chunks = left.filter((chunk) => chunk.kind === kind);
      if (chunks.length > 0 && !(await this.#catchUpRetried(source, chunks, await rulesOf(kind))))
        return false;
    }
    const rules = await rulesOf('key');
    const retried = await retriedRows(this.#client, this.#step, source);
    for (const range of ranges) {
      const chunks = left.filter((chunk) => chunk.kind === 'key' && chunk.range === range.range);
      if (!(await this.#catchUpKeys(source, chunks, rules, retried))) return false;
      const hasMore = all.some((chunk) => chunk.kind === 'key' && chunk.range > range.range);
      const meetsOthers = hasMore || this.#sources().at(-1) !== source;
      if (!(await this.#catchUpTail(source, range, rules, meetsOthers))) return false;
    }
    return true;
  }

  async #kindOf({ sourceTable, range }: Position): Promise<RangeKind> {
    const { rows } = await this.#client.query<{ kind: RangeKind }>(
      'select kind from migration.ranges where run = $1 and step = $2 and source_table = $3 and range = $4',
      [this.#step.ref.run, this.#step.entity.step, sourceTable, range],
    );
    return rows[0]?.kind ?? 'key';
  }

  async #rules(
    kind: RangeKind,
    source: StepSource,
    references: ReadonlyMap<string, MovedRows>,
    decisions: Awaited<ReturnType<typeof loadDecisions>>,
  ): Promise<Rules> {
    const transformer = new ChunkTransformer({
      step: stepOfKind(kind, this.#step),
      source,
      database: this.#catchUp.database,
      client: this.#client,
      references,
      decisions,
      signal: this.#catchUp.signal,
    });
    const { columns } = transformer;
    const comparison = await Comparison.open(this.#step, source, columns, this.#reading, this.#ignored);
    return { transformer, comparison };
  }

  /** Chunks of rows that have left the quarantine. */
  async #catchUpRetried(source: StepSource, chunks: readonly StoredChunk[], rules: Rules): Promise<boolean> {
    const { database, pause, signal } = this.#catchUp;
    for (const chunk of chunks) {
      if (pause.aborted) return this.#paused();
      const { rows: owned } = await this.#client.query<{ legacyId: string }>(
        `select coalesce(k.legacy, k.target) as "legacyId"
         from migration.lineage l
         cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
           k(target, legacy)
         where l.run = $1 and l.step = $2 and l.source_table = $3 and l.range = $4 and l.chunk = $5
         union all
         select legacy_id from migration.merges
         where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5`,
        [this.#step.ref.run, this.#step.entity.step, chunk.sourceTable, chunk.range, chunk.chunk],
      );
      const ids = owned.map((row) => row.legacyId);
      const keys = await keysOfRetried(this.#client, this.#step, source, chunk, ids);
      const rows = await database.lookup(source.table, keys, signal);
      await this.#bringInLine(chunk, rows.rows === 0 ? undefined : rows, rules, {
        without: new Set(),
        sumOf: (migrated) => this.#sumOf(source, rows, migrated),
      });
    }
    return true;
  }

  async #catchUpKeys(
    source: StepSource,
    chunks: StoredChunk[],
    rules: Rules,
    retried: ReadonlySet<string>,
  ): Promise<boolean> {
    const { database, pause, signal, limit } = this.#catchUp;
    const room = { rows: limit.rows * 2, bytes: limit.bytes * 2 };
    for await (const { chunk, rows, more } of readChunksAgain(database, source, chunks, signal, room)) {
      if (pause.aborted) return this.#paused();
      if (more && rows) await this.#split(source, chunks, chunk, rows);
      const sum = { checksum: rows ? crc32(rows.bytes) : 0, bytes: rows?.bytes.length ?? 0 };
      await this.#bringInLine(chunk, rows, rules, { without: retried, sumOf: () => sum });
    }
    return true;
  }

  async #split(
    source: StepSource,
    chunks: StoredChunk[],
    chunk: StoredChunk,
    rows: SourceChunk,
  ): Promise<void> {
    const keys = this.#keysOf(source, rows);
    await inTransaction(this.#client, () =>
      splitChunk(this.#client, this.#step, chunks, chunk, {
        ids: keys.map((key) => key.join(',')),
        lastKey: keys.at(-1) ?? [],
      }),
    );
  }

  /** Rows behind the last chunk of a range. */
  async #catchUpTail(
    source: StepSource,
    range: { readonly range: number; readonly lower: string[] | null; readonly upper: string[] | null },
    { transformer }: Rules,
    meetsOthers: boolean,
  ): Promise<boolean> {
    const { database, pause, signal, limit, at } = this.#catchUp;
    const { ref, entity } = this.#step;
    if (pause.aborted) return this.#paused();
    const sourceTable = source.plan.table;
    const place = { run: ref.run, step: entity.step, sourceTable, range: range.range };
    const last = await lastChunkOf(this.#client, place);
    let number = last ? last.chunk + 1 : 0;
    const bounds = { lower: last?.lastKey ?? range.lower, upper: range.upper };
    for await (const rows of database.read(source.table, { bounds, limit, signal })) {
      if (pause.aborted) return this.#paused();
      const prepared = await transformer.prepare(rows, this.#tuples);
      const chunk: StoredChunk = {
        sourceTable,
        kind: 'key',
        knownBefore: null,
        range: range.range,
        chunk: number++,
        after: null,
        lastKey: [...prepared.lastKey],
        read: 0,
        migrated: 0,
        merged: 0,
        rejected: 0,
        checksum: '0',
        xids: [],
        differences: null,
      };
      await inTransaction(this.#client, async () => {
        const changes = await this.#chunks.add(chunk, prepared, meetsOthers);
        await this.#progress.changed(chunk, changes);
        signal.throwIfAborted();
        at?.('in-catch-up');
      });
      this.#progress.committed();
      at?.('chunk-caught-up');
      this.#committed(chunk, rows.rows);
    }
    return true;
  }

  async #bringInLine(
    chunk: StoredChunk,
    rows: SourceChunk | undefined,
    { transformer, comparison }: Rules,
    { without, sumOf }: { readonly without: ReadonlySet<string>; readonly sumOf: ChangedChunk['sumOf'] },
  ): Promise<void> {
    const numbers = await comparison.numbersOf(chunk);
    const notes = await readNotes(this.#reading, placeOf(this.#step, chunk));
    const standing = await comparison.readTarget(chunk);
    const prepared = await (rows
      ? transformer.prepare(rows, this.#tuples, numbers)
      : this.#nothing(transformer));
    let expected = withoutRows(prepared, without);
    const others = await comparison.othersThan(expected, chunk, standing);
    others?.release?.();
    if (!others && this.#isSame(chunk, expected, { notes, rows, sumOf })) {
      if (chunk.differences) await this.#forgetDifferences(chunk, expected);
      return this.#pass(chunk, rows);
    }
    if (rows && numbers && hasNew(expected)) {
      const all = await this.#withNewNumbers(numbers, expected);
      expected = withoutRows(await transformer.prepare(rows, this.#tuples, all), without);
    }
    const isKey = chunk.kind === 'key';
    const read = rows?.rows ?? 0;
    const mine = expected.targetKeys.count + expected.merges.length + expected.rejects.length;
    const now: ChangedChunk = {
      chunk,
      expected,
      rows: await comparison.rowsOf(chunk, expected),
      notes,
      read,
      elsewhere: isKey ? read - mine : 0,
      firstKey: isKey && rows ? prepared.firstKey : null,
      lastKey: isKey && rows ? prepared.lastKey : null,
      sumOf,
    };
    await this.#change(now);
    await this.#pass(chunk, rows);
  }

  /** What stands in the target is already known to be as it should. */
  #isSame(
    chunk: StoredChunk,
    expected: PreparedChunk,
    {
      notes,
      rows,
      sumOf,
    }: {
      notes: StoredNotes;
      rows: SourceChunk | undefined;
      sumOf: ChangedChunk['sumOf'];
    },
  ): boolean {
    if (!rows || (chunk.kind === 'key' && rows.rows !== chunk.read)) return false;
    if (chunk.kind !== 'key' && expected.rejects.length > 0) return false;
    const { checksum } = sumOf(new Set(legacyIdsOf(expected)));
    return checksum === Number(chunk.checksum) && sameNotes(notes, notesOf(expected));
  }

  async #change(now: ChangedChunk): Promise<void> {
    const { signal, at } = this.#catchUp;
    const { chunk, expected } = now;
    await this.#client.query('begin');
    try {
      const { changed, left, ...changes } = await this.#chunks.bringInLine(now);
      // What has only been looked at leaves nothing behind.
      if (!changed) await this.#client.query('rollback; begin');
      const legacyIds = [
        ...legacyIdsOf(expected),
        ...[...now.rows, ...expected.rejects].map((row) => row.legacyId),
      ];
      if (changed || left.length > 0) await this.#progress.note(chunk, legacyIds, left);
      if (changed) await this.#progress.changed(chunk, changes);
      at?.('in-catch-up');
      signal.throwIfAborted();
      await this.#client.query('commit');
      if (changed) this.#progress.committed();
      at?.('chunk-caught-up');
    } catch (error) {
      await this.#client.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  async #forgetDifferences(chunk: StoredChunk, expected: PreparedChunk): Promise<void> {
    await inTransaction(this.#client, async () => {
      await this.#client.query(
        `update migration.chunks set verified_at = null, differences = null
         where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
        [this.#step.ref.run, this.#step.entity.step, chunk.sourceTable, chunk.range, chunk.chunk],
      );
      await this.#progress.note(chunk, legacyIdsOf(expected), []);
    });
  }

  async #nothing(transformer: ChunkTransformer): Promise<PreparedChunk> {
    return noTuples(transformer.columns, this.#step.target.keyKind);
  }

  /** Keys of rows that are new come from the sequence, like those of the others did. */
  async #withNewNumbers(
    numbers: ReadonlyMap<string, bigint>,
    expected: PreparedChunk,
  ): Promise<Map<string, bigint>> {
    const fresh = legacyIdsOf(expected).filter((id) => !numbers.has(id));
    const { rows } = await this.#client.query<{ number: string }>(
      'select nextval(pg_get_serial_sequence($1, $2)) as number from generate_series(1, $3)',
      [quoteTable(this.#step.entity.table), this.#step.target.key[0], fresh.length],
    );
    return new Map([...numbers, ...fresh.map((id, i) => [id, BigInt(rows[i]?.number ?? 0)] as const)]);
  }

  #keysOf(source: StepSource, rows: SourceChunk): string[][] {
    const row = new RawRow(source.table.columns.length);
    const key = keyReader(source);
    return Array.from({ length: rows.rows }, (_, position) => {
      this.#catchUp.database.locate(rows, position, row);
      return key(row);
    });
  }

  /** Over some of the rows, in the order in which the source gives them. */
  #sumOf(
    source: StepSource,
    rows: SourceChunk,
    wanted: ReadonlySet<string>,
  ): { checksum: number; bytes: number } {
    let [checksum, bytes] = [0, 0];
    for (const [position, key] of this.#keysOf(source, rows).entries()) {
      if (!wanted.has(key.join(','))) continue;
      const part = rows.bytes.subarray(rows.offsets[position], rows.offsets[position + 1]);
      checksum = crc32(part, checksum);
      bytes += part.length;
    }
    return { checksum, bytes };
  }

  async #pass(chunk: StoredChunk, rows: SourceChunk | undefined): Promise<void> {
    this.#committed(chunk, rows?.rows ?? 0);
    if (performance.now() - this.#notedAt < noteEveryMs) return;
    await this.#progress.passed(chunk);
    this.#notedAt = performance.now();
  }

  #committed(chunk: StoredChunk, rows: number): void {
    this.#passed = chunk;
    this.#rows += rows;
    this.#catchUp.progress(this.#rows);
  }

  async #paused(): Promise<false> {
    if (this.#passed) await this.#progress.passed(this.#passed);
    return false;
  }

  async #finish(): Promise<void> {
    const { database } = this.#catchUp;
    const { sources } = this.#step;
    const counts = await Promise.all(sources.map(({ table }) => database.count(table)));
    const source = counts.reduce((sum, count) => sum + count, 0);
    const { inserted, updated, deleted } = await this.#progress.state();
    const hasChanged = inserted + updated + deleted > 0;
    await inTransaction(this.#client, async () => {
      if (hasChanged) {
        await reopenLostLinks(this.#client, this.#step);
        await dropParents(this.#client, this.#step);
      }
      await this.#progress.finish(source);
    });
  }
}

/** Columns in which rows of the step refer to rows of the same step. */
function ownReferences({ entity }: Step): string[] {
  return entity.sources.flatMap((source) =>
    Object.entries(source.columns).flatMap(([column, rule]) =>
      rule.kind === 'reference' && rule.to === entity.step ? [column] : [],
    ),
  );
}

/** Rows whose key the sequence is yet to give. */
function hasNew(expected: PreparedChunk): boolean {
  for (const key of expected.targetKeys.texts()) if (key === '-1') return true;
  return false;
}
