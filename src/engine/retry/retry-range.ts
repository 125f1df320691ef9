import type { Client } from 'pg';
import { rangeLock } from '../../store/chunks.js';
import type { Step } from '../step.js';

/** What the rows of a range are: a key range of the source, or rows that have left the quarantine. */
export type RangeKind = 'key' | RetryKind;
export type RetryKind = 'retry' | 'coerced-retry';

/** The step with the rules by which the rows of such a range are moved, and compared afterwards. */
export function stepOfKind(kind: RangeKind, step: Step): Step {
  return kind === 'coerced-retry' ? { ...step, settings: { ...step.settings, coerceTypes: true } } : step;
}

/**
 * Makes a range for rows that leave the quarantine, in the open transaction of its first chunk, and holds its lock until
 * the connection ends. It is done from the beginning: each of its chunks is whole in itself, so whatever becomes of this
 * attempt, nobody has to go on with it.
 */
export async function makeRetryRange(
  client: Client,
  { ref, entity }: Step,
  sourceTable: string,
  kind: RetryKind,
): Promise<number> {
  for (;;) {
    // An attempt beside this one may take the same number: then the insert waits for it, and the next number is asked for.
    const { rows } = await client.query<{ range: number }>(
      `insert into migration.ranges (run, step, source_table, range, kind, rows, done_at)
       select $1, $2, $3, coalesce(max(range), -1) + 1, $4, 0, now() from migration.ranges where run = $1 and step = $2
       on conflict do nothing returning range`,
      [ref.run, entity.step, sourceTable, kind],
    );
    const range = rows[0]?.range;
    if (range === undefined) continue;
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [
      rangeLock({ run: ref.run, step: entity.step, sourceTable, range }),
    ]);
    return range;
  }
}
