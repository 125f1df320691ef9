import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { catalogueOf } from '../../src/demo/dirt/catalogue.js';
import { legacyTableNames, type LegacyTable } from '../../src/demo/legacy-tables.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import type { PlantedDirt, SeedSummary } from '../../src/demo/summary.js';
import { mysqlNames, sharedMysqlServer, type SharedMysqlServer } from '../helpers/mysql-servers.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { finishedRun } from './finished-run.js';

/** Fewer rows would leave some kinds of dirt out: price lists are 3 rows in a thousand. */
const rows = 16_000;

describe.each(mysqlNames)('a whole run from %s', (name) => {
  let server: SharedMysqlServer;
  let environment: RunEnvironment;
  let planted: SeedSummary;
  let status: RunStatus;

  /** Each legacy id with the kind of dirt that was planted in its row. */
  const kindsOf = (table: LegacyTable, outcome: PlantedDirt['expected']['outcome']): Map<string, string> =>
    new Map(
      planted.tables[table].dirt
        .filter((dirt) => dirt.expected.outcome === outcome)
        .flatMap(({ kind, ids }) => ids.map((id) => [id, kind] as const)),
    );

  beforeAll(async () => {
    server = await sharedMysqlServer(name);
    const { url } = await server.createDatabase('legacy');
    planted = await seedLegacy({ url, rows, seed: 11, mostDirtPercent: 50 });
    environment = await createRunEnvironment({ SOURCE_DATABASE_URL: url });
    status = await finishedRun(environment, { maxErrorRate: 1, alertErrorRate: 1, minQualityScore: 0 });
  }, 300_000);
  afterAll(async () => {
    await environment?.close();
  });

  it('is over all kinds of dirt', () => {
    const catalogue = catalogueOf('mysql');
    for (const table of legacyTableNames) {
      const kinds = planted.tables[table].dirt.map(({ kind }) => kind);
      expect(kinds.toSorted()).toEqual(catalogue[table].map(({ kind }) => kind).toSorted());
    }
  });

  it('completes, is verified, and accounts for every row', async () => {
    expect(status).toMatchObject({ state: 'completed', phase: 'finalize', rows: { read: rows } });
    for (const step of status.steps) {
      expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
      expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      const [target] = await environment.query<{ rows: string }>(
        'target',
        `select count(*) as rows from ${step.table}`,
      );
      expect(Number(target?.rows)).toBe(step.migrated);
    }
  });

  it.each([
    ['industry_windows_1252', 'industry', 'Möbel – “Küchen” ab 5 € ™'],
    ['contact_person_scripts', 'contactPerson', 'Łukasz Żółć, Ναυσικά, Сергей, 株式会社'],
    ['order_channels_all', 'orderChannels', 'phone,fax,web,shop'],
    ['order_channels_none', 'orderChannels', ''],
  ])('brings text of every character set, and sets: %s', async (kind, key, text) => {
    const { ids = [] } = planted.tables.legacy_customers.dirt.find((dirt) => dirt.kind === kind) ?? {};
    const moved = await environment.query<{ text: string | null }>(
      'target',
      `select coalesce(metadata -> 'legacy' ->> $2, metadata ->> $2) as text from customers
       where metadata #>> '{legacy,id}' = any($1)`,
      [ids, key],
    );
    expect(moved).toEqual(ids.map(() => ({ text })));
    expect(ids).not.toEqual([]);
  });

  it.each(legacyTableNames)('rejects what must not move, and nothing else: %s', async (table) => {
    const rejects = await environment.query<{ id: string; code: string; reason: string }>(
      'target',
      'select legacy_id as id, code, reason from migration.rejects where legacy_table = $1',
      [table],
    );
    const kinds = kindsOf(table, 'reject');
    expect(rejects.filter(({ id }) => !kinds.has(id))).toEqual([]);
    expect(rejects.map(({ id, code }) => `${kinds.get(id)} ${code} ${id}`).toSorted()).toEqual(
      planted.tables[table].dirt
        .flatMap(({ kind, expected: fate, ids }) =>
          fate.outcome === 'reject' ? ids.map((id) => `${kind} ${fate.code} ${id}`) : [],
        )
        .toSorted(),
    );
  });

  it.each(legacyTableNames)('warns of what is odd, and of nothing else but phones: %s', async (table) => {
    const warnings = await environment.query<{ id: string; column: string; reason: string }>(
      'target',
      'select legacy_id as id, column_name as column, reason from migration.warnings where legacy_table = $1',
      [table],
    );
    const warned = new Set(warnings.map(({ id }) => id));
    const wanted = kindsOf(table, 'warning');
    expect([...wanted].filter(([id]) => !warned.has(id))).toEqual([]);
    expect(warnings.filter(({ id, column }) => !wanted.has(id) && column !== 'phone')).toEqual([]);
  });
});
