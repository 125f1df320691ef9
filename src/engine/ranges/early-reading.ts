import type { SourceChunk } from '../row.js';
import type { ChunkLimit, KeyBounds, SourceDatabase, SourceTable } from '../source/types.js';

/**
 * A reading that has begun before it is needed. A server that must sort a range sends its first row long after it was
 * asked; meanwhile the range before is still being written. No more than the first chunk is read ahead.
 */
export class EarlyReading {
  readonly lower: KeyBounds['lower'];
  readonly #chunks: AsyncGenerator<SourceChunk>;
  readonly #first: Promise<IteratorResult<SourceChunk, unknown>>;
  readonly #given = new AbortController();

  constructor(
    source: SourceDatabase,
    table: SourceTable,
    { bounds, limit, pause }: { bounds: KeyBounds; limit: ChunkLimit; pause: AbortSignal },
  ) {
    this.lower = bounds.lower;
    const signal = AbortSignal.any([pause, this.#given.signal]);
    this.#chunks = source.read(table, { bounds, limit, signal });
    this.#first = this.#chunks.next();
    // Heard of by whoever takes the chunks; until then a failure must not count as unhandled.
    this.#first.catch(() => undefined);
  }

  async *chunks(): AsyncGenerator<SourceChunk> {
    const first = await this.#first;
    if (first.done === true) return;
    yield first.value;
    yield* this.#chunks;
  }

  /** It is not wanted any more, or not any further. */
  end(): void {
    this.#given.abort(new Error('the reading is not wanted any more'));
    // One that waits with its first chunk hears of no signal: this closes its connection.
    this.#chunks.return(undefined).catch(() => undefined);
  }
}
