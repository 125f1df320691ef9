import type { Client } from 'pg';
import { rangeLock, type RangePlace } from '../../store/chunks.js';

/**
 * Keeps everybody from the ranges of the step while `work` runs: whoever still moves one holds its lock and is waited
 * for, so that nothing comes in behind what is taken back. `step` null: all steps of the run.
 */
export async function withRangesLocked<T>(
  client: Client,
  run: string,
  step: string | null,
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<RangePlace>(
    `select run, step, source_table as "sourceTable", range from migration.ranges
     where run = $1 and ($2::text is null or step = $2) order by step, range`,
    [run, step],
  );
  try {
    for (const range of rows)
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [rangeLock(range)]);
    return await work();
  } finally {
    // A connection that is gone has given its locks back by itself.
    await client.query('select pg_advisory_unlock_all()').catch(() => undefined);
  }
}
