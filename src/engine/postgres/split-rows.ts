import type { RawRow, SourceChunk } from '../row.js';
import type { ChunkLimit } from '../source/types.js';

/** `PGCOPY\n\377\r\n\0`, flags, extension length: the head of a binary COPY stream without extension. */
const headerBytes = 19;

/**
 * Cuts PostgreSQL's binary COPY stream into chunks of whole rows. Bytes are copied once, into the chunk's own buffer:
 * one checksum and one allocation a chunk, and no row pins a socket buffer.
 */
export class RowSplitter {
  #buffer: Buffer;
  #end = 0;
  #scan = 0;
  #offsets: Int32Array;
  #rows = 0;
  #headerSeen = false;
  #trailerSeen = false;
  readonly #limit: ChunkLimit;

  constructor(limit: ChunkLimit) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(this.#capacity());
    this.#offsets = this.#emptyOffsets();
  }

  /** Room for a chunk and what a socket brings beyond its end; larger chunks grow. */
  #capacity(): number {
    return Math.ceil(Math.min(this.#limit.bytes, 4 << 20) * 1.25);
  }

  #emptyOffsets(): Int32Array {
    return new Int32Array(Math.min(this.#limit.rows, 1 << 14) + 1);
  }

  /** Takes bytes of the stream in and gives the chunks that they complete. */
  *push(data: Buffer): Generator<SourceChunk> {
    this.#append(data);
    if (!this.#headerSeen) {
      if (this.#end < headerBytes) return;
      this.#headerSeen = true;
      this.#buffer.copy(this.#buffer, 0, headerBytes, this.#end);
      this.#end -= headerBytes;
    }
    while (this.#nextRow()) {
      if (this.#rows >= this.#limit.rows || this.#scan >= this.#limit.bytes) yield this.#cut();
    }
  }

  /** The last chunk, if any rows are left. Throws when the stream ended in the middle of a row. */
  *finish(): Generator<SourceChunk> {
    if (!this.#trailerSeen) throw new Error('the stream of the source ended before its trailer');
    if (this.#rows > 0) yield this.#cut();
  }

  #append(data: Buffer): void {
    if (this.#end + data.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + data.length));
      this.#buffer.copy(larger, 0, 0, this.#end);
      this.#buffer = larger;
    }
    data.copy(this.#buffer, this.#end);
    this.#end += data.length;
  }

  /** Steps over one row if all of it is here. */
  #nextRow(): boolean {
    const buffer = this.#buffer;
    let at = this.#scan;
    if (this.#trailerSeen || at + 2 > this.#end) return false;
    const fields = buffer.readInt16BE(at);
    at += 2;
    if (fields === -1) {
      this.#trailerSeen = true;
      return false;
    }
    for (let field = 0; field < fields; field++) {
      if (at + 4 > this.#end) return false;
      const length = buffer.readInt32BE(at);
      at += length > 0 ? length + 4 : 4;
    }
    if (at > this.#end) return false;
    if (this.#rows + 1 >= this.#offsets.length) this.#growOffsets();
    this.#offsets[this.#rows++] = this.#scan;
    this.#offsets[this.#rows] = at;
    this.#scan = at;
    return true;
  }

  #growOffsets(): void {
    const larger = new Int32Array(this.#offsets.length * 2);
    larger.set(this.#offsets);
    this.#offsets = larger;
  }

  #cut(): SourceChunk {
    const chunk = { bytes: this.#buffer.subarray(0, this.#scan), offsets: this.#offsets, rows: this.#rows };
    const rest = this.#end - this.#scan;
    const next = Buffer.allocUnsafe(Math.max(this.#capacity(), rest));
    this.#buffer.copy(next, 0, this.#scan, this.#end);
    this.#buffer = next;
    this.#end = rest;
    this.#scan = 0;
    this.#rows = 0;
    this.#offsets = this.#emptyOffsets();
    return chunk;
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
