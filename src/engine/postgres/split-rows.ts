import type { RawRow, SourceChunk } from '../row.js';
import { ChunkBuffer } from '../source/chunk-buffer.js';
import type { ChunkLimit } from '../source/types.js';

/** `PGCOPY\n\377\r\n\0`, flags, extension length: the head of a binary COPY stream without extension. */
export const headerBytes = 19;

/** In the place of the next row: there is none. */
export const trailer = Buffer.from([0xff, 0xff]);

/** Cuts PostgreSQL's binary COPY stream into chunks of whole rows. */
export class RowSplitter {
  #headerLeft = headerBytes;
  #trailerSeen = false;
  readonly #rows: ChunkBuffer;

  constructor(limit: ChunkLimit) {
    this.#rows = new ChunkBuffer(limit);
  }

  /** Takes bytes of the stream in and gives the chunks that they complete. */
  *push(data: Buffer): Generator<SourceChunk> {
    const skipped = Math.min(this.#headerLeft, data.length);
    this.#headerLeft -= skipped;
    this.#rows.append(data, skipped, data.length);
    while (this.#nextRow()) {
      if (this.#rows.isFull) yield this.#rows.cut();
    }
  }

  /** The last chunk, if any rows are left. Throws when the stream ended in the middle of a row. */
  *finish(): Generator<SourceChunk> {
    if (!this.#trailerSeen) throw new Error('the stream of the source ended before its trailer');
    if (this.#rows.rows > 0) yield this.#rows.cut();
  }

  /** Steps over one row if all of it is here. */
  #nextRow(): boolean {
    const { bytes, end, whole } = this.#rows;
    let at = whole;
    if (this.#trailerSeen || at + 2 > end) return false;
    const fields = bytes.readInt16BE(at);
    at += 2;
    if (fields === -1) {
      this.#trailerSeen = true;
      return false;
    }
    for (let field = 0; field < fields; field++) {
      if (at + 4 > end) return false;
      const length = bytes.readInt32BE(at);
      at += length > 0 ? length + 4 : 4;
    }
    if (at > end) return false;
    this.#rows.endRow(at);
    return true;
  }
}

/** Points `row` at the fields of row `index`. */
export function locateRow(chunk: SourceChunk, index: number, row: RawRow): void {
  const { bytes } = chunk;
  const { start, length } = row;
  row.bytes = bytes;
  let at = chunk.offsets[index] as number;
  const fields = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  at += 2;
  for (let field = 0; field < fields; field++) {
    const size =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
    at += 4;
    start[field] = at;
    length[field] = size;
    if (size > 0) at += size;
  }
}
