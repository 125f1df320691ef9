import { afterAll, beforeAll, expect, test } from 'vitest';
import { columnsOf, legacyTableNames, type LegacyTable } from '../../src/demo/legacy-tables.js';
import { legacyRows } from '../../src/demo/rows/legacy-rows.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createWorld } from '../../src/demo/world.js';
import { query, testServer, type TestServer } from './database.js';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
}, 60_000);
afterAll(() => server.close());

const byId = (rows: Record<string, unknown>[]): Map<unknown, unknown> =>
  new Map(rows.map((row) => [row['id'], row]));

async function hashes(url: string): Promise<unknown[]> {
  const sums = legacyTableNames.map(
    (table) => `
      select '${table}' as name, count(*)::int as rows, md5(string_agg(t::text, E'\\n' order by id::text collate "C"))
      from ${table} as t`,
  );
  return query(url, sums.join(' union all '));
}

test('100,000 rows are in the tables that the summary tells, within seconds', async () => {
  const url = await server.database('large');
  const lines: string[] = [];
  const { rows, tables, rowsPerSecond } = await seedLegacy({ url, log: (line) => lines.push(line) });

  expect(rows).toBe(100_000);
  for (const table of legacyTableNames) {
    const [found] = await query<{ rows: number }>(url, `select count(*)::int as rows from ${table}`);
    expect(found?.rows).toBe(tables[table].rows);
    const ids = tables[table].dirt.flatMap((dirt) => dirt.ids);
    const [dirty] = await query<{ rows: number }>(
      url,
      `select count(*)::int as rows from ${table} where id::text = any($1)`,
      [ids],
    );
    expect(dirty?.rows).toBe(ids.length);
  }
  expect(lines).toHaveLength(9);
  expect(lines[8]).toMatch(/^100000 rows in [\d.]+ s, \d+ rows\/s$/);
  // Tens of thousands on any machine of today; under this, something has gone quadratic.
  expect(rowsPerSecond).toBeGreaterThan(3000);
}, 60_000);

test('the same seed gives the same tables, another seed others', async () => {
  const [a, b, c] = await Promise.all(['first', 'again', 'other'].map((name) => server.database(name)));
  const first = await seedLegacy({ url: String(a), rows: 5000, seed: 42 });
  const again = await seedLegacy({ url: String(b), rows: 5000, seed: 42 });
  await seedLegacy({ url: String(c), rows: 5000, seed: 43 });

  expect(await hashes(String(a))).toEqual(await hashes(String(b)));
  expect(await hashes(String(a))).not.toEqual(await hashes(String(c)));
  expect(again.tables).toEqual(first.tables);
}, 60_000);

test('every value arrives as it was made, the hostile ones too', async () => {
  const url = await server.database('exact');
  await seedLegacy({ url, rows: 4000, seed: 5, mostDirtPercent: 50 });
  const world = createWorld(4000, 5, 50);

  for (const table of legacyTableNames) {
    const columns = columnsOf(table).filter(
      ([, type]) => !['jsonb', 'timestamptz', 'timestamp'].includes(type),
    );
    const found = await query(
      url,
      `select ${columns.map(([name]) => `${name}::text`).join(', ')} from ${table}`,
    );
    const made = [...legacyRows(world, table)].map((row) =>
      Object.fromEntries(columns.map(([name]) => [name, row[name] === null ? null : String(row[name])])),
    );
    expect(byId(found)).toEqual(byId(made));
  }
}, 60_000);

test('times keep their microseconds, infinities and eras', async () => {
  const url = await server.database('times');
  const { tables } = await seedLegacy({ url, rows: 4000, seed: 5, mostDirtPercent: 50 });
  const timeOf = async (table: LegacyTable, kind: string, column: string): Promise<unknown> => {
    const id = tables[table].dirt.find((dirt) => dirt.kind === kind)?.ids[0];
    const [row] = await query(url, `select ${column}::text as at from ${table} where id::text = $1`, [id]);
    return row?.['at'];
  };

  expect(await timeOf('legacy_customers', 'created_at_infinity', 'created_at')).toBe('infinity');
  expect(await timeOf('legacy_customers', 'created_at_bc', 'created_at')).toBe(
    '0044-03-15 12:00:00.000001 BC',
  );
  expect(await timeOf('legacy_products', 'created_at_year_one', 'created_at')).toBe(
    '0001-01-01 00:00:00.000001+00',
  );
  expect(await timeOf('legacy_upload_history', 'upload_date_bc', 'upload_date')).toBe(
    '0044-03-15 08:00:00.123456+00 BC',
  );
  const [years] = await query(
    url,
    `select min(extract(year from upload_date))::int as first, max(extract(year from upload_date))::int as last,
       count(*) filter (where extract(microseconds from upload_date)::int % 1000 <> 0) > 150 as fine
     from legacy_upload_history where isfinite(upload_date) and upload_date > '1000-01-01'`,
  );
  expect(years).toEqual({ first: 2015, last: expect.toSatisfy((year) => year <= 2024), fine: true });
}, 60_000);

test('tables that are there are left alone, and an address of no known kind is refused', async () => {
  const url = await server.database('taken');
  await query(url, 'create table legacy_vendors (id text)');
  await expect(seedLegacy({ url, rows: 100 })).rejects.toThrow('has a table legacy_vendors already');
  expect(await query(url, `select to_regclass('legacy_customers') as made`)).toEqual([{ made: null }]);

  await expect(seedLegacy({ url: 'oracle://me:secret@127.0.0.1/x', rows: 100 })).rejects.toThrow(
    /^No demo database can be made at an address that starts with "oracle:"\.$/,
  );
  await expect(seedLegacy({ url: url.replace(/:[0-9a-f]+@/, ':wrong@'), rows: 100 })).rejects.toMatchObject({
    code: 'ERR_001',
    message: expect.not.stringContaining('wrong'),
  });
});
