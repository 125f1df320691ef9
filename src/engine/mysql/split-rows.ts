/**
 * Rows as MySQL's text protocol sends them: one packet a row, and in it each field as its length and its text. A chunk
 * holds the packets' contents as they are, so that a row costs one copy, and fields are found when a row is looked at.
 */
import type { Connection } from 'mysql2';
import type { RawRow, SourceChunk } from '../row.js';
import { ChunkBuffer } from '../source/chunk-buffer.js';
import type { ChunkLimit } from '../source/types.js';

/** The parts of mysql2's packet that a row is read from: its contents are the bytes of `buffer` from `offset` to `end`. */
interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

/** mysql2's query hands each packet to the function that the packet before has returned; rows go to `row`. */
interface PacketReader {
  row: (this: PacketReader, packet: Packet, connection: unknown) => unknown;
}

/**
 * Streams the rows of a statement, cut into chunks. The socket rests while a chunk waits to be taken, and what the
 * driver has received by then is handed out row by row afterwards, so that each chunk has the limit of its own time.
 *
 * Throws the driver's error, or the reason of `signal`; the connection then still streams, and is the caller's to cut.
 */
export async function* streamRows(
  connection: Connection,
  sql: string,
  limit: ChunkLimit,
  signal: AbortSignal,
): AsyncGenerator<SourceChunk> {
  signal.throwIfAborted();
  const rows = new ChunkBuffer(limit);
  const turns = new Turns();
  const query = connection.query(sql, (error) =>
    error === null ? turns.to('ended') : turns.fail(error),
  ) as unknown as PacketReader;
  const readEnd = query.row;
  query.row = function readRow(packet, from) {
    if (packet.isEOF()) return readEnd.call(this, packet, from);
    rows.append(packet.buffer, packet.offset, packet.end);
    rows.endRow(rows.end);
    if (rows.isFull) {
      connection.pause();
      turns.to('full');
    }
    return this.row;
  };

  const stop = (): void => turns.fail(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const turn = await turns.next();
      if (rows.rows > 0) yield rows.cut();
      if (turn === 'ended') return;
      connection.resume();
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What the reading has come to, from the driver's calls to the one who waits. */
class Turns {
  #turn: 'full' | 'ended' | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #wake = (): void => undefined;

  to(turn: 'full' | 'ended'): void {
    this.#turn = turn;
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  async next(): Promise<'full' | 'ended'> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      const turn = this.#turn;
      this.#turn = undefined;
      if (turn) return turn;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Points `row` at the fields of row `index`. */
export function locateRow(chunk: SourceChunk, index: number, row: RawRow): void {
  const { bytes } = chunk;
  const { start, length } = row;
  row.bytes = bytes;
  let at = chunk.offsets[index] as number;
  const end = chunk.offsets[index + 1] as number;
  for (let field = 0; at < end; field++) {
    const first = bytes[at++] as number;
    let size = first;
    if (first === nullField) size = -1;
    else if (first > nullField) {
      const width = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
      // A length of eight bytes has no more than four in use: no row is larger than a gigabyte.
      size = bytes.readUIntLE(at, Math.min(width, 6));
      at += width;
    }
    start[field] = at;
    length[field] = size;
    if (size > 0) at += size;
  }
}

/** In the place of a length: SQL NULL. Above it are the marks of lengths of two, three and eight bytes. */
const nullField = 0xfb;
