import { expect } from 'vitest';
import { connect } from '../../../src/engine/postgres/connect.js';
import { openRun, type CaughtUpRun } from './caught-up-run.js';
import type { LegacyOwner } from './change-source.js';

/** What a fresh run over the source as it is now makes of it. */
export async function expectFresh(run: CaughtUpRun, legacyUrl: string): Promise<void> {
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

export async function withOwner<T>(url: string, work: (owner: LegacyOwner) => Promise<T>): Promise<T> {
  const client = await connect({ connectionString: url });
  try {
    return await work({
      query: async (sql) => (await client.query<Record<string, string | number | null>>(sql)).rows,
    });
  } finally {
    await client.end();
  }
}
