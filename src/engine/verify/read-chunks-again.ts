import { keyReader } from '../decisions.js';
import { RawRow, type SourceChunk } from '../row.js';
import type { ChunkLimit, SourceDatabase } from '../source/types.js';
import type { StepSource } from '../step.js';

/** What of a chunk's watermark says which rows it was made of. */
export interface ChunkBounds {
  readonly range: number;
  readonly chunk: number;
  /** the last key of the chunk before; null: from the beginning */
  readonly after: string[] | null;
  readonly lastKey: string[];
  readonly read: number;
}

const noLimit: ChunkLimit = { rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

/**
 * The source rows of chunks, as the source has them now: one streaming reading, cut where the chunks were cut, for as
 * long as the rows are where they were. A chunk that does not come out as it was is read by itself, and the reading goes
 * on behind it. `rows` undefined: the source has none of them any more.
 *
 * `room`: more rows than this are not read at once; `more` then says that there are others before the chunk's end. Chunks
 * that are put in behind the one in hand are read in their turn.
 */
export async function* readChunksAgain<Chunk extends ChunkBounds>(
  database: SourceDatabase,
  source: StepSource,
  chunks: readonly Chunk[],
  signal: AbortSignal,
  room: Readonly<ChunkLimit> = noLimit,
): AsyncGenerator<{ chunk: Chunk; rows: SourceChunk | undefined; more: boolean }> {
  const row = new RawRow(source.table.columns.length);
  const keyOf = keyReader(source);
  const isWhole = (rows: SourceChunk, { read, lastKey }: Chunk): boolean => {
    if (rows.rows !== read) return false;
    database.locate(rows, rows.rows - 1, row);
    return keyOf(row).join('\0') === lastKey.join('\0');
  };

  for (let at = 0; at < chunks.length;) {
    const end = endOfRun(chunks, at);
    const limit = { ...noLimit, rows: rowsOf(chunks[at] as Chunk) };
    const bounds = { lower: (chunks[at] as Chunk).after, upper: (chunks[end] as Chunk).lastKey };
    for await (const rows of database.read(source.table, { bounds, limit, signal })) {
      const chunk = chunks[at] as Chunk;
      if (!isWhole(rows, chunk)) break;
      yield { chunk, rows, more: false };
      at++;
      if (at > end) break;
      limit.rows = rowsOf(chunks[at] as Chunk);
    }
    if (at <= end) {
      const chunk = chunks[at] as Chunk;
      yield { chunk, ...(await readAlone(database, source, chunk, room, signal)) };
      at++;
    }
  }
}

/** The last chunk that follows this one without a gap. */
function endOfRun(chunks: readonly ChunkBounds[], from: number): number {
  let end = from;
  for (let next = chunks[end + 1]; next; next = chunks[end + 1]) {
    const current = chunks[end] as ChunkBounds;
    if (next.range !== current.range || next.chunk !== current.chunk + 1) break;
    end++;
  }
  return end;
}

async function readAlone(
  database: SourceDatabase,
  source: StepSource,
  chunk: ChunkBounds,
  room: Readonly<ChunkLimit>,
  signal: AbortSignal,
): Promise<{ rows: SourceChunk | undefined; more: boolean }> {
  const bounds = { lower: chunk.after, upper: chunk.lastKey };
  let rows: SourceChunk | undefined;
  for await (const part of database.read(source.table, { bounds, limit: { ...room }, signal })) {
    if (rows) return { rows, more: true };
    rows = part;
  }
  return { rows, more: false };
}

/** A chunk may have lost all its rows; a reading has one at least. */
function rowsOf({ read }: ChunkBounds): number {
  return Math.max(1, read);
}
