import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.js';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import { traceRow } from '../../../src/engine/trace/trace-row.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { finishedRun } from '../../e2e/finished-run.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';

/** Of each legacy table. */
const asked = 24;
let folder: string;
let environment: RunEnvironment;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-trace-'));
  const rates = path.join(folder, 'rates.json');
  await writeFile(rates, JSON.stringify({ EUR: { USD: '1.10' }, GBP: { USD: '1.3' } }));
  environment = await createRunEnvironment({ MIGRATION_EXCHANGE_RATES: rates });
  await seedLegacy({ url: environment.source.url, rows: 4_000, seed: 5, mostDirtPercent: 50 });
  await finishedRun(environment, {
    backup: false,
    maxErrorRate: 1,
    alertErrorRate: 1,
    minQualityScore: 0,
  });
}, 300_000);
afterAll(async () => {
  await environment?.close();
  await rm(folder, { recursive: true });
});

/** What became of a row by the run's own tables, asked in another way than `traceRow` does. */
const fates = `
  with moved as (
    select l.source_table as table, coalesce(k.legacy, k.target) as id, 'migrated' as outcome
    from migration.lineage l
    cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
      k(target, legacy)
    union all select legacy_table, legacy_id, 'merged' from migration.merges
    union all select legacy_table, legacy_id, 'rejected' from migration.rejects
  ), numbered as (
    select *, row_number() over (partition by "table", outcome order by md5(id)) as n from moved
  )
  select "table", id, outcome from numbered where n <= ${asked / 2} order by "table", id`;

test('what the rules make of a dirty row now is what stands in the target, in every column', async () => {
  const config = loadConfig(environment.env);
  const client = await connect({ connectionString: environment.target.url }, { readOnly: true });
  const source = await openSource(config.source, config.database);
  try {
    const { rows: wanted } = await client.query<{ table: string; id: string; outcome: string }>(fates);
    expect(new Set(wanted.map(({ outcome }) => outcome))).toEqual(
      new Set(['migrated', 'merged', 'rejected']),
    );
    for (const { table, id, outcome } of wanted) {
      const parts = { client, source, plan: nxtPlan, reading: config.reading };
      const trace = await traceRow(parts, { table, id });
      const found = trace.rows.find((row) => row.legacy?.id === id);
      expect({
        table,
        id,
        outcome: found?.outcome,
        differing: found?.columns.filter(({ change }) => change !== null),
        source: found?.source,
        isRefused: (found?.faults.length ?? 0) > 0 || found?.decision?.kind === 'duplicate',
      }).toEqual({
        table,
        id,
        outcome,
        differing: [],
        source: { state: 'read', why: null, changed: null },
        isRefused: outcome === 'rejected',
      });
    }
  } finally {
    await client.end();
    await source.close();
  }
}, 300_000);
