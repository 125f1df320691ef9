import { expect, test } from 'vitest';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { withDatabase } from '../../helpers/databases.js';
import { openRun, type CaughtUpRun } from './caught-up-run.js';
import { SourceChanges, type LegacyOwner } from './change-source.js';

const { NXT_CATCH_UP_SEED: seed = '1' } = process.env;

/** What a fresh run over the source as it is now makes of it. */
async function expectFresh(run: CaughtUpRun, legacyUrl: string): Promise<void> {
  const fresh = await openRun(legacyUrl);
  try {
    await fresh.move();
    await expectSame(run, fresh);
  } finally {
    await fresh.close();
  }
}

/** In full where the sums differ, so that a failure names the rows. */
async function expectSame(run: CaughtUpRun, fresh: CaughtUpRun): Promise<void> {
  for (const [what, sql] of Object.entries(details)) {
    const rowsOf = async ({ target }: CaughtUpRun) =>
      (
        await target.query<{ text: string }>(`select to_jsonb(q)::text as text from (${sql}) q order by 1`)
      ).rows.map(({ text }) => text);
    expect.soft(await rowsOf(run), what).toEqual(await rowsOf(fresh));
  }
  expect(await run.contents()).toEqual(await fresh.contents());
}

const details = {
  rejects: `select legacy_table, legacy_id, codes, column_name, reason, original from migration.rejects where resolved_at is null`,
  warnings: `select legacy_table, legacy_id, column_name, reason from migration.warnings`,
  merges: `select legacy_table, legacy_id, target_table, target_id, rule, code from migration.merges`,
  links: `select legacy_table, legacy_id, target_id, column_name, other_legacy_id, resolved from migration.links`,
  decisions: `select source_table, legacy_id, kind, other_table, other_id, rule from migration.decisions`,
  lineage: `select l.source_table, coalesce(k.legacy, k.uuid::text, 'serial') as legacy, k.kept
    from migration.lineage l cross join lateral unnest(l.target_uuids, l.legacy_keys, l.kept) k(uuid, legacy, kept)
    where target_uuids is not null`,
  steps: `select step, state, source, read, migrated, merged, rejected from migration.steps`,
  customers: `select * from customers`,
  suppliers: `select * from suppliers`,
  products: `select * from products`,
  inventory: `select to_jsonb(i) - 'id' as i from inventory i`,
  'price lists': `select * from price_lists`,
  items: `select * from price_list_items`,
  uploads: `select * from upload_history`,
  warehouses: `select * from warehouses`,
};

async function withOwner<T>(url: string, work: (owner: LegacyOwner) => Promise<T>): Promise<T> {
  const client = await connect({ connectionString: url });
  try {
    return await work({
      query: async (sql) => (await client.query<Record<string, string | number | null>>(sql)).rows,
    });
  } finally {
    await client.end();
  }
}

test(
  `after each catch-up the target is what a fresh run makes of the source (seed ${seed})`,
  { timeout: 180_000 },
  () =>
    withDatabase((url) =>
      withOwner(url, async (owner) => {
        await seedLegacy({ url, rows: 1_500, seed: Number(seed), mostDirtPercent: 30 });
        await owner.query('create table kept_uploads as select * from legacy_upload_history');
        await owner.query('delete from legacy_upload_history');
        const run = await openRun(url);
        try {
          await run.move();
          const nothing = await run.catchUp();
          for (const answer of nothing.values())
            expect(answer).toMatchObject({ inserted: 0, updated: 0, deleted: 0, left: 0, completed: true });
          for (const round of [1, 2, 3]) {
            await new SourceChanges(owner, Number(seed) * 10 + round).all();
            // An empty table gets rows, then a table loses all.
            if (round === 1)
              await owner.query('insert into legacy_upload_history select * from kept_uploads');
            if (round === 3) await owner.query('delete from legacy_upload_history');
            const answers = await run.catchUp();
            const busy = [...answers].filter(
              ([, { inserted, updated, deleted }]) => inserted + updated + deleted > 0,
            );
            expect(busy.length).toBeGreaterThanOrEqual(6);
            await expectFresh(run, url);
          }
        } finally {
          await run.close();
        }
      }),
    ),
);
