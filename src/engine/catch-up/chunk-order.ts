import type { Client } from 'pg';
import type { RangeKind } from '../retry/retry-range.js';
import type { Step, StepSource } from '../step.js';
import type { Position } from './progress.js';
import type { StoredChunk } from './stored-chunk.js';

/** The order in which the chunks of a step are caught up. */
export class ChunkOrder {
  readonly #step: Step;
  /** Rows that others are merged into come before these. */
  readonly sources: readonly StepSource[];

  constructor(step: Step) {
    const last = step.entity.consolidation?.from;
    this.#step = step;
    this.sources = step.sources.toSorted(
      (a, b) => Number(a.plan.table === last) - Number(b.plan.table === last),
    );
  }

  /** A number that is higher the later the chunk's turn comes. */
  of({ sourceTable, kind, range, chunk }: Position & { readonly kind: RangeKind }): bigint {
    const source = this.sources.findIndex(({ plan }) => plan.table === sourceTable);
    return (
      (((BigInt(source) * 2n + (kind === 'key' ? 1n : 0n)) << 32n) + BigInt(range)) * (1n << 32n) +
      BigInt(chunk)
    );
  }

  /** Those of the chunks whose turn comes after that of the one at `position`; null: all. */
  async behind(
    client: Client,
    position: Position | null,
    chunks: readonly StoredChunk[],
  ): Promise<readonly StoredChunk[]> {
    if (!position) return chunks;
    const { rows } = await client.query<{ kind: RangeKind }>(
      'select kind from migration.ranges where run = $1 and step = $2 and source_table = $3 and range = $4',
      [this.#step.ref.run, this.#step.entity.step, position.sourceTable, position.range],
    );
    const after = this.of({ ...position, kind: rows[0]?.kind ?? 'key' });
    return chunks.filter((chunk) => this.of(chunk) > after);
  }
}
