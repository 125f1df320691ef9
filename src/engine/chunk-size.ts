import type { ChunkLimit } from './source/types.js';

/** What a chunk was, and how long its transaction was open. */
export interface CommittedChunk {
  readonly rows: number;
  readonly ms: number;
}

/** As long as a chunk's transaction should be open: short enough to stop at, long enough for its commit not to matter. */
const targetMs = 1_000;
/** Fewer rows would be all commits and no copying. */
const fewestRows = 100;
/** Weight of the last chunk: one that was held up by chance does not count for all. */
const smoothing = 0.3;

/** The bytes of all chunks that a process reads at one time, shared evenly by those who read. */
export class BytesInFlight {
  readonly #bytes: number;
  #readers = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Of one reader. */
  get share(): number {
    return Math.ceil(this.#bytes / Math.max(1, this.#readers));
  }

  async reading<T>(work: () => Promise<T>): Promise<T> {
    this.#readers++;
    try {
      return await work();
    } finally {
      this.#readers--;
    }
  }
}

/**
 * How large the next chunk may be: as many rows as commit in about a second, within a ceiling and within its share of
 * the bytes in flight. `limit` is changed in place, and read anew for each row.
 */
export class ChunkSize {
  readonly limit: ChunkLimit;
  readonly #ceiling: Readonly<ChunkLimit>;
  readonly #flight: BytesInFlight | undefined;
  #msPerRow: number | undefined;

  /** `ceiling` may be changed in place by others. */
  constructor(ceiling: Readonly<ChunkLimit>, flight?: BytesInFlight) {
    this.#ceiling = ceiling;
    this.#flight = flight;
    this.limit = { ...ceiling };
    this.#resize();
  }

  committed({ rows, ms }: CommittedChunk): void {
    const msPerRow = ms / Math.max(1, rows);
    this.#msPerRow =
      this.#msPerRow === undefined ? msPerRow : this.#msPerRow * (1 - smoothing) + msPerRow * smoothing;
    this.#resize();
  }

  #resize(): void {
    const { rows, bytes } = this.#ceiling;
    const inTime = this.#msPerRow ? Math.round(targetMs / this.#msPerRow) : rows;
    this.limit.rows = Math.min(rows, Math.max(fewestRows, inTime));
    this.limit.bytes = Math.min(bytes, this.#flight?.share ?? bytes);
  }
}
