import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import { lastChunkOf } from '../../store/chunks.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { loadDecisions } from '../decisions.js';
import { keysOfRetried } from '../retry/quarantine.js';
import { stepOfKind, type RangeKind } from '../retry/retry-range.js';
import type { SourceChunk } from '../row.js';
import { loadReferences, type Step, type StepSource } from '../step.js';
import { Comparison, derivedColumns } from '../verify/comparison.js';
import { readChunksAgain } from '../verify/read-chunks-again.js';
import type { StepCatchUp } from './catch-up-options.js';
import { ChunkCatchUp, type Rules } from './catch-up-chunk.js';
import { ChunkChanger } from './change-chunk.js';
import { ChunkOrder } from './chunk-order.js';
import { dropParents } from './drop-parents.js';
import { referringColumns } from './others.js';
import type { CatchUpProgress, Position } from './progress.js';
import { reopenLostLinks } from './reopen-lost-links.js';
import { settleAgain } from './settle-again.js';
import { keysOf, sumOfSome } from './source-keys.js';
import { splitChunk } from './split-chunk.js';
import { StagedRows } from './staged-rows.js';
import {
  keyRanges,
  legacyIdsOfChunk,
  retriedRows,
  storedChunks,
  type KeyRange,
  type StoredChunk,
} from './stored-chunk.js';

/** How often the place is noted while nothing changes. */
const noteEveryMs = 1_000;

/** What all chunks of one legacy table have in common. */
interface OfSource {
  readonly source: StepSource;
  readonly rules: Rules;
  /** legacy ids of rows that belong to chunks of the quarantine */
  readonly retried: ReadonlySet<string>;
}

/** Goes through all chunks of a step, and through what the source has behind them. */
export class StepWalk {
  readonly #step: Step;
  readonly #client: Client;
  readonly #reading: Client;
  readonly #progress: CatchUpProgress;
  readonly #catchUp: StepCatchUp;
  readonly #order: ChunkOrder;
  readonly #chunks: ChunkCatchUp;
  /** Set when the step is completed: references of the table to itself, and counts that other steps draw. */
  readonly #ignored: ReadonlySet<string>;
  #rows = 0;
  #passed: StoredChunk | undefined;
  #notedAt = performance.now();

  constructor(step: Step, client: Client, reading: Client, progress: CatchUpProgress, catchUp: StepCatchUp) {
    const { signal, at, reopens } = catchUp;
    this.#step = step;
    this.#client = client;
    this.#reading = reading;
    this.#progress = progress;
    this.#catchUp = catchUp;
    this.#order = new ChunkOrder(step);
    this.#ignored = new Set([...derivedColumns(step), ...ownReferences(step)]);
    const changer = new ChunkChanger({
      client,
      step,
      staged: new StagedRows(client, step, this.#ignored),
      referring: referringColumns(
        step,
        reopens.map((entity) => entity.step),
      ),
      isLater: (row, than) => this.#order.of(row) > this.#order.of(than),
      at,
    });
    this.#chunks = new ChunkCatchUp({ step, client, reading, progress, changer, signal, at });
  }

  /** False when it was paused before the end. */
  async walk(): Promise<boolean> {
    const { database, signal, pause, progress } = this.#catchUp;
    const { position } = await this.#progress.state();
    // Once a chunk is done, the others go by what was decided for it.
    if (!position) {
      await this.#progress.forgetLeft();
      const reopen = () => this.#progress.reopen();
      await settleAgain(this.#step, database, this.#client, { signal, progress, reopen });
    }
    for (const source of this.#order.sources)
      if (!(await this.#catchUpSource(source, position))) return false;
    if (pause.aborted) return false;
    await this.#finish();
    return true;
  }

  /** False when it was paused before the end, as in the functions below. */
  async #catchUpSource(source: StepSource, from: Position | null): Promise<boolean> {
    const { entity, ref } = this.#step;
    const all = await storedChunks(this.#client, this.#step, source);
    const left = await this.#order.behind(this.#client, from, all);
    const ranges = await keyRanges(this.#client, this.#step, source);
    const own = entity.consolidation?.from === source.plan.table;
    const references = await loadReferences(this.#step, this.#client, { own });
    const decisions = await loadDecisions(this.#client, ref, entity.step, source.plan.table);
    const rulesOf = async (kind: RangeKind): Promise<Rules> => {
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
    };
    for (const kind of ['retry', 'coerced-retry'] as const) {
      const chunks = left.filter((chunk) => chunk.kind === kind);
      if (chunks.length > 0 && !(await this.#catchUpRetried(source, chunks, await rulesOf(kind))))
        return false;
    }
    const retried = await retriedRows(this.#client, this.#step, source);
    const of: OfSource = { source, rules: await rulesOf('key'), retried };
    for (const range of ranges) {
      const chunks = left.filter((chunk) => chunk.kind === 'key' && chunk.range === range.range);
      if (!(await this.#catchUpKeys(of, chunks))) return false;
      const hasMore = all.some((chunk) => chunk.kind === 'key' && chunk.range > range.range);
      const meetsOthers = hasMore || this.#order.sources.at(-1) !== source;
      if (!(await this.#catchUpTail(of, range, meetsOthers))) return false;
    }
    return true;
  }

  /** Chunks of rows that have left the quarantine. */
  async #catchUpRetried(source: StepSource, chunks: readonly StoredChunk[], rules: Rules): Promise<boolean> {
    const { database, signal } = this.#catchUp;
    for (const chunk of chunks) {
      if (await this.#restedUntilPause()) return this.#paused();
      const ids = await legacyIdsOfChunk(this.#client, this.#step, chunk);
      const keys = await keysOfRetried(this.#client, this.#step, source, chunk, ids);
      const found = await database.lookup(source.table, keys, signal);
      const rows = found.rows === 0 ? undefined : found;
      const sumOf = (migrated: ReadonlySet<string>) => sumOfSome(database, source, found, migrated);
      await this.#chunks.bringInLine(chunk, { rows, without: new Set(), sumOf }, rules);
      await this.#pass(chunk, found.rows);
    }
    return true;
  }

  async #catchUpKeys({ source, rules, retried }: OfSource, chunks: StoredChunk[]): Promise<boolean> {
    const { database, signal, limit } = this.#catchUp;
    const room = { rows: limit.rows * 2, bytes: limit.bytes * 2 };
    for await (const { chunk, rows, more } of readChunksAgain(database, source, chunks, signal, room)) {
      if (await this.#restedUntilPause()) return this.#paused();
      if (more && rows) await this.#split(source, chunks, chunk, rows);
      const sum = { checksum: rows ? crc32(rows.bytes) : 0, bytes: rows?.bytes.length ?? 0 };
      await this.#chunks.bringInLine(chunk, { rows, without: retried, sumOf: () => sum }, rules);
      await this.#pass(chunk, rows?.rows ?? 0);
    }
    return true;
  }

  async #split(
    source: StepSource,
    chunks: StoredChunk[],
    chunk: StoredChunk,
    rows: SourceChunk,
  ): Promise<void> {
    const keys = keysOf(this.#catchUp.database, source, rows);
    const ids = keys.map((key) => key.join(','));
    await inTransaction(this.#client, () =>
      splitChunk(this.#client, this.#step, chunks, chunk, { ids, lastKey: keys.at(-1) ?? [] }),
    );
  }

  /** Rows behind the last chunk of a range. */
  async #catchUpTail(
    { source, rules, retried }: OfSource,
    range: KeyRange,
    meetsOthers: boolean,
  ): Promise<boolean> {
    const { database, signal, limit } = this.#catchUp;
    const { ref, entity } = this.#step;
    const place = { sourceTable: source.plan.table, range: range.range };
    const last = await lastChunkOf(this.#client, { run: ref.run, step: entity.step, ...place });
    const bounds = { lower: last?.lastKey ?? range.lower, upper: range.upper };
    let number = last ? last.chunk + 1 : 0;
    if (this.#catchUp.pause.aborted) return this.#paused();
    for await (const rows of database.read(source.table, { bounds, limit, signal })) {
      if (await this.#restedUntilPause()) return this.#paused();
      const of = { without: retried, meetsOthers };
      const chunk = await this.#chunks.add({ ...place, chunk: number++ }, rows, rules, of);
      this.#committed(chunk, rows.rows);
    }
    return true;
  }

  /** Before each chunk. True: told to pause, be it during the rest. */
  async #restedUntilPause(): Promise<boolean> {
    const { pause, pace } = this.#catchUp;
    if (!pause.aborted) await pace?.(pause);
    return pause.aborted;
  }

  async #pass(chunk: StoredChunk, rows: number): Promise<void> {
    this.#committed(chunk, rows);
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
