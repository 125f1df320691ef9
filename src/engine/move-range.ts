import type { Client } from 'pg';
import type { CommittedChunk } from './chunk-size.js';
import type { Begun } from './ranges/begun.js';
import type { ChunkLimit, KeyBounds, SourceDatabase, SourceTable } from './source/types.js';
import type { SourceChunk } from './row.js';
import { TupleWriter } from './target/tuple-writer.js';
import { refusedBeforehand } from './target/load-tuples.js';
import { ChunkTaken, loadChunk, type LoadedChunk } from './target/load-chunk.js';
import type { ChunkPlace, PreparedChunk } from './target/prepared-chunk.js';
import type { PassPoint } from '../observe/fault-point.js';
import { lastChunkOf } from '../store/chunks.js';

/** Counters of what this call has committed; the sums of all calls stand in the target. */
export interface MovedRows {
  read: number;
  migrated: number;
  merged: number;
  rejected: number;
}

/** The reading of a range that was begun while another one was at work. */
export interface EarlyReading extends Begun<SourceChunk> {
  /** of its bounds */
  readonly lower: KeyBounds['lower'];
}

export interface RangeMove {
  readonly place: Omit<ChunkPlace, 'chunk'>;
  readonly source: SourceDatabase;
  readonly table: SourceTable;
  readonly bounds: KeyBounds;
  readonly early?: EarlyReading | undefined;
  /** read anew for each chunk: rows at the most (the batch size), and bytes */
  readonly limit: ChunkLimit;
  /** works out all that a chunk's transaction will hold; tuples go into `tuples` */
  readonly prepare: (chunk: SourceChunk, tuples: TupleWriter) => Promise<PreparedChunk>;
  /** opens a connection to the target */
  readonly connect: () => Promise<Client>;
  /** stops reading; chunks in hand are committed first */
  readonly pause: AbortSignal;
  /** stops reading; chunks in hand are dropped. `pause` is aborted too */
  readonly signal: AbortSignal;
  /** awaited before each chunk is written */
  readonly pace: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** awaited before the next chunk is committed; what it throws ends the move */
  readonly onCommit: (moved: Readonly<MovedRows>, last: CommittedChunk) => Promise<void> | void;
  /** called at named points so that a test can stop the process right there */
  readonly at?: PassPoint | undefined;
}

/**
 * Moves one range from the last chunk that is in to its end: one streaming read, one target transaction a chunk. False
 * when it was paused before it came there.
 *
 * Two connections take turns, so that one chunk is copied while the one before it commits; commits keep the order of
 * the chunks, so that what is in is always a whole beginning of the range.
 *
 * May be called again after any crash, and beside another call for the same range: a chunk is claimed by one of them,
 * and the other goes on behind it.
 */
export async function moveRange(move: RangeMove): Promise<boolean> {
  const moved: MovedRows = { read: 0, migrated: 0, merged: 0, rejected: 0 };
  try {
    for (let first = true; ; first = false) {
      const end = await moveOn(first ? move : { ...move, early: undefined }, moved);
      if (end === 'taken') continue;
      if (end === 'all read') move.at?.('range-done');
      return end === 'all read';
    }
  } finally {
    void move.early?.end();
  }
}

/** One reading. `taken`: another worker took a chunk, so that the range must be read again from behind it. */
async function moveOn(move: RangeMove, moved: MovedRows): Promise<'all read' | 'paused' | 'taken'> {
  if (move.pause.aborted) return 'paused';
  const lanes: Lane[] = [];
  const reading = new AbortController();
  try {
    for (let i = 0; i < 2; i++) lanes.push(new Lane(await move.connect()));
    const last = await lastChunkOf((lanes[0] as Lane).client, move.place);
    let chunk = last ? last.chunk + 1 : 0;
    let previous: Turn = { loaded: Promise.resolve(), committed: Promise.resolve() };
    const bounds = { lower: last?.lastKey ?? move.bounds.lower, upper: move.bounds.upper };
    const { early } = move;
    const isBegun = early !== undefined && early.lower?.join('\0') === bounds.lower?.join('\0');
    if (!isBegun) void early?.end();
    const chunks = isBegun
      ? early.items
      : move.source.read(move.table, {
          bounds,
          limit: move.limit,
          signal: AbortSignal.any([move.pause, reading.signal]),
        });
    let cut = false;
    try {
      for await (const rows of chunks) {
        const lane = lanes[chunk % 2] as Lane;
        await lane.work;
        await move.pace?.(move.pause);
        if (move.pause.aborted) {
          cut = true;
          break;
        }
        const prepared = await move.prepare(rows, lane.tuples);
        previous = lane.load(move, { ...move.place, chunk }, prepared, rows, previous, moved);
        chunk++;
      }
    } catch (error) {
      if (!move.pause.aborted) throw error;
      cut = true;
    }
    await Promise.all(lanes.map((lane) => lane.work));
    return cut ? 'paused' : 'all read';
  } catch (error) {
    reading.abort();
    await Promise.allSettled(lanes.map((lane) => lane.work));
    if (error instanceof ChunkTaken) return 'taken';
    throw error;
  } finally {
    await Promise.all(lanes.map((lane) => lane.client.end().catch(() => undefined)));
  }
}

/** How far a chunk is. The next one may write when this one is loaded, and commit when this one is committed. */
interface Turn {
  readonly loaded: Promise<void>;
  readonly committed: Promise<void>;
}

/** One of the connections that take turns, with the buffer its chunk is written in. */
class Lane {
  readonly client: Client;
  readonly tuples = new TupleWriter();
  work: Promise<void> = Promise.resolve();
  /** when its transaction began, in milliseconds of `performance.now` */
  #begunAt = 0;

  constructor(client: Client) {
    this.client = client;
  }

  load(
    move: RangeMove,
    place: ChunkPlace,
    chunk: PreparedChunk,
    rows: SourceChunk,
    previous: Turn,
    moved: MovedRows,
  ): Turn {
    const loaded = this.#load(move, place, chunk, previous);
    this.work = this.#commit(move, chunk, loaded, previous, moved).finally(() => rows.release?.());
    // Awaited before the lane's next chunk and at the end; a failure in between must not count as unhandled.
    this.work.catch(() => undefined);
    const turn = { loaded: loaded.then(() => undefined), committed: this.work };
    turn.loaded.catch(() => undefined);
    return turn;
  }

  async #load(
    move: RangeMove,
    place: ChunkPlace,
    chunk: PreparedChunk,
    previous: Turn,
  ): Promise<LoadedChunk> {
    const refused = await refusedBeforehand(this.client, place.targetTable, chunk);
    // Not earlier: were this chunk to write a key that the one before still needs, each would wait for the other.
    await previous.loaded;
    move.at?.('before-claim');
    this.#begunAt = performance.now();
    await this.client.query('begin');
    const loaded = await loadChunk(this.client, place, chunk, move.at, refused);
    move.at?.('after-copy');
    return loaded;
  }

  async #commit(
    move: RangeMove,
    chunk: PreparedChunk,
    loading: Promise<LoadedChunk>,
    previous: Turn,
    moved: MovedRows,
  ): Promise<void> {
    try {
      const loaded = await loading;
      await previous.committed;
      move.at?.('before-commit');
      move.signal.throwIfAborted();
      await this.client.query('commit');
      move.at?.('after-commit');
      moved.read += chunk.read;
      moved.migrated += loaded.migrated;
      moved.merged += chunk.merges.length;
      moved.rejected += loaded.rejected;
      await move.onCommit(moved, { rows: chunk.read, ms: performance.now() - this.#begunAt });
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
}
