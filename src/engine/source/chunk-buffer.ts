import type { SourceChunk } from '../row.js';
import { giveBuffer, takeBuffer } from './buffer-pool.js';
import type { ChunkLimit } from './types.js';

const none = Buffer.alloc(0);
const noOffsets = new Int32Array(0);

/**
 * Gathers the bytes of rows into chunks. Bytes are copied once, into the chunk's own buffer: one checksum and one
 * allocation a chunk, and no row pins a socket buffer. The limit is read anew for each row.
 */
export class ChunkBuffer {
  bytes: Buffer = none;
  /** end of what has come in */
  end = 0;
  /** end of the last whole row */
  whole = 0;
  /** whole rows since the last cut */
  rows = 0;
  #offsets: Int32Array = noOffsets;
  readonly #limit: ChunkLimit;

  constructor(limit: ChunkLimit) {
    this.#limit = limit;
  }

  /** Room for a chunk and what a socket brings beyond its end; larger chunks grow. */
  #capacity(): number {
    return Math.ceil(Math.min(this.#limit.bytes, 4 << 20) * 1.25);
  }

  /** Takes in the bytes of `data` from `start` to `end`. */
  append(data: Buffer, start: number, end: number): void {
    const needed = this.end + end - start;
    if (needed > this.bytes.length) {
      const larger = takeBuffer(Math.max(this.bytes.length * 2, needed, this.#capacity()));
      this.bytes.copy(larger, 0, 0, this.end);
      giveBuffer(this.bytes);
      this.bytes = larger;
    }
    data.copy(this.bytes, this.end, start, end);
    this.end = needed;
  }

  /** The next row goes from the end of the last one up to `at`. */
  endRow(at: number): void {
    if (this.rows + 1 >= this.#offsets.length) this.#growOffsets();
    this.#offsets[this.rows++] = this.whole;
    this.#offsets[this.rows] = at;
    this.whole = at;
  }

  /** The whole rows make up a chunk. */
  get isFull(): boolean {
    return this.rows >= this.#limit.rows || this.whole >= this.#limit.bytes;
  }

  #growOffsets(): void {
    const fewest = Math.min(this.#limit.rows, 1 << 14) + 1;
    const larger = new Int32Array(Math.max(this.#offsets.length * 2, fewest));
    larger.set(this.#offsets);
    this.#offsets = larger;
  }

  /** The whole rows as a chunk, which is the caller's; what follows them stays. */
  cut(): SourceChunk {
    const chunk = releasable(this.bytes, this.whole, this.#offsets, this.rows);
    const rest = this.end - this.whole;
    // Nothing is made for what may not come: the chunk may be the last one.
    const next = rest === 0 ? none : takeBuffer(Math.max(this.#capacity(), rest));
    this.bytes.copy(next, 0, this.whole, this.end);
    this.bytes = next;
    this.end = rest;
    this.whole = 0;
    this.rows = 0;
    this.#offsets = noOffsets;
    return chunk;
  }
}

function releasable(buffer: Buffer, end: number, offsets: Int32Array, rows: number): SourceChunk {
  let held = true;
  const chunk = {
    bytes: buffer.subarray(0, end),
    offsets,
    rows,
    release: () => {
      if (!held) return;
      held = false;
      // Whoever still looked at it would find nothing, and not the rows of another chunk.
      chunk.bytes = none;
      giveBuffer(buffer);
    },
  };
  return chunk;
}

/** The chunk of a reading that found nothing. */
export const noRows: SourceChunk = { bytes: Buffer.alloc(0), offsets: new Int32Array(1), rows: 0 };
