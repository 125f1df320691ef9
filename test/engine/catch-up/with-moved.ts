import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { withDatabase } from '../../helpers/databases.js';
import { openRun, type CaughtUpRun } from './caught-up-run.js';
import type { LegacyOwner } from './change-source.js';
import { withOwner } from './expect-fresh.js';

export interface Moved {
  readonly run: CaughtUpRun;
  readonly legacy: LegacyOwner;
  readonly legacyUrl: string;
  /** the one value of the one row of the target */
  readonly value: (sql: string) => Promise<unknown>;
}

/** A run that has moved everything of a small legacy database. */
export function withMoved(
  work: (moved: Moved) => Promise<void>,
  { rows = 900, chunkRows = 10, before = '' } = {},
): Promise<void> {
  return withDatabase((legacyUrl) =>
    withOwner(legacyUrl, async (legacy) => {
      await seedLegacy({ url: legacyUrl, rows, seed: 7, mostDirtPercent: 20 });
      const run = await openRun(legacyUrl, {
        chunkRows,
        prepare: async (target) => void (await target.query(before)),
      });
      try {
        await run.move();
        await work({
          run,
          legacy,
          legacyUrl,
          value: async (sql) => {
            const { rows: found } = await run.target.query<unknown[]>({ text: sql, rowMode: 'array' });
            if (found.length !== 1) throw new Error(`${found.length} rows: ${sql}`);
            return found[0]?.[0];
          },
        });
      } finally {
        await run.close();
      }
    }),
  );
}

/** Ids of customers that are in, in the order of their keys. */
export async function customers({ legacy, run }: Moved): Promise<string[]> {
  const { rows } = await run.target.query<{ id: string }>(
    `select metadata->'legacy'->>'id' as id from customers where metadata->'legacy' ? 'id'`,
  );
  const moved = new Set(rows.map((row) => row.id));
  const ids = await legacy.query('select id from legacy_customers order by id');
  return ids.map((row) => String(row['id'])).filter((id) => moved.has(id));
}

/** SQL that is true of a customer in the target, by its legacy id. */
export const target = (id: string) => `metadata->'legacy'->>'id' = '${id}'`;
