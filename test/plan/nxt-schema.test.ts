import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../src/plan/model.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import * as schema from '../../src/plan/nxt/schema.js';
import { schemaBookkeeping } from '../../src/plan/schema-folder.js';
import { plan as libraryPlan } from '../data/plans/library/plan.js';
import { query, testServer, type TestServer } from '../demo/database.js';
import { type AgreedTable, agreedTables } from './nxt-tables.js';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
}, 30_000);
afterAll(() => server.close());

async function applied(plan: Plan, database: string): Promise<string> {
  const url = await server.database(database);
  const connected = drizzle(url);
  try {
    await migrate(connected, { migrationsFolder: plan.schema.migrationsFolder, ...schemaBookkeeping(plan) });
  } finally {
    await connected.$client.end();
  }
  return url;
}

async function readJson<T>(file: string): Promise<T> {
  const content: T = JSON.parse(await readFile(file, 'utf8'));
  return content;
}

test('the migrations are what drizzle-kit makes of the schema', async () => {
  const meta = path.join(nxtPlan.schema.migrationsFolder, 'meta');
  const journal: { entries: unknown[] } = await readJson(path.join(meta, '_journal.json'));
  const last = String(journal.entries.length - 1).padStart(4, '0');
  const before: ReturnType<typeof generateDrizzleJson> = await readJson(
    path.join(meta, `${last}_snapshot.json`),
  );

  expect(await generateMigration(before, generateDrizzleJson({ ...schema }, before.id))).toEqual([]);
});

test('applied to PostgreSQL they make the agreed tables, columns, constraints and indexes', async () => {
  const url = await applied(nxtPlan, 'nxt');

  expect(await tablesOf(url)).toEqual(agreedTables);
  expect(Object.keys(agreedTables).sort()).toEqual([...nxtPlan.schema.tables].sort());
});

test('which migrations are in stands in the schema migration, and none is applied twice', async () => {
  const url = await applied(nxtPlan, 'nxt');

  expect(await query(url, 'SELECT count(*)::int AS applied FROM migration.schema_migrations_nxt')).toEqual([
    { applied: 1 },
  ]);
  expect(await query(url, "SELECT nspname FROM pg_namespace WHERE nspname = 'drizzle'")).toEqual([]);
});

test('every column of every table is written by the plan, and no other', () => {
  for (const entity of nxtPlan.entities)
    for (const source of entity.sources)
      expect(Object.keys(source.columns).sort()).toEqual(
        Object.keys(agreedTables[entity.table]?.columns ?? {}).sort(),
      );
});

test('the library plan, whose SQL is written by hand, has its tables too', async () => {
  const tables = await tablesOf(await applied(libraryPlan, 'library'));

  for (const entity of libraryPlan.entities)
    expect(Object.keys(tables[entity.table]?.columns ?? {})).toEqual(
      Object.keys(entity.sources[0]?.columns ?? {}),
    );
});

/** The tables of the schema public in the words of `AgreedTable`. */
async function tablesOf(url: string): Promise<Record<string, AgreedTable>> {
  const rows = await query<{ name: string; table: AgreedTable }>(url, describeTables);
  return Object.fromEntries(rows.map(({ name, table }) => [name, table]));
}

const describeTables = `
  WITH tables AS (
    SELECT oid, relname AS name
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  ), columns AS (
    SELECT a.attrelid AS oid, json_object_agg(a.attname,
      replace(replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar'),
        'timestamp with time zone', 'timestamptz')
      || CASE WHEN a.attnotnull THEN '!' ELSE '' END
      || coalesce(' = ' || regexp_replace(pg_get_expr(d.adbin, d.adrelid), '::(jsonb|numeric|character varying|regclass)', ''), '')
      ORDER BY a.attnum) AS list
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0
    GROUP BY 1
  ), parents AS (
    SELECT conrelid AS oid, json_object_agg(a.attname,
      confrelid::regclass || CASE confdeltype WHEN 'c' THEN ' on delete cascade' ELSE '' END ORDER BY a.attname) AS list
    FROM pg_constraint
    JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = conkey[1]
    WHERE contype = 'f'
    GROUP BY 1
  ), indexes AS (
    SELECT i.indrelid AS oid, i.indisunique AS is_unique, json_agg(
      (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, false), ', ' ORDER BY n)
       FROM generate_series(1, i.indnkeyatts) AS n)
      ORDER BY i.indexrelid) AS list
    FROM pg_index AS i
    WHERE NOT i.indisprimary AND i.indisvalid
    GROUP BY 1, 2
  )
  SELECT name, json_strip_nulls(json_build_object(
    'columns', columns.list,
    'references', parents.list,
    'unique', (SELECT list FROM indexes WHERE indexes.oid = tables.oid AND is_unique),
    'indexes', (SELECT list FROM indexes WHERE indexes.oid = tables.oid AND NOT is_unique)
  )) AS table
  FROM tables
  JOIN columns USING (oid)
  LEFT JOIN parents USING (oid)`;
