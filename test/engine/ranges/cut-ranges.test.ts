import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyReader } from '../../../src/engine/decisions.js';
import { cutRanges, rangeCount, type KeyRange } from '../../../src/engine/ranges/cut-ranges.js';
import { RawRow } from '../../../src/engine/row.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import type { SourceDatabase, SourceTable } from '../../../src/engine/source/types.js';
import type { StepSource } from '../../../src/engine/step.js';
import { databaseUrl } from '../mysql/legacy-servers.js';
import { createDatabase, type TestDatabase } from '../../helpers/databases.js';
import { queryMysql, startMysqlServer, type MysqlTestServer } from '../../helpers/mysql-servers.js';

const rows = 16_000;
const wanted = 8;
const { signal } = new AbortController();

/** A number that looks random, and is the same each time. */
function scattered(n: number): number {
  return createHash('sha1').update(String(n)).digest().readUInt32BE();
}

function uuid(n: number): string {
  const digits = createHash('sha1').update(`uuid ${n}`).digest('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

type Engine = 'PostgreSQL' | 'MySQL' | 'MariaDB';

interface KeyCase {
  readonly name: string;
  /** columns of the table, and its key */
  readonly columns: Readonly<Record<'PostgreSQL' | 'MySQL', string>>;
  /** SQL values of row `n` of `rows` */
  readonly values: (n: number, engine: 'PostgreSQL' | 'MySQL') => string;
}

const both = (columns: string) => ({ PostgreSQL: columns, MySQL: columns });

const cases: readonly KeyCase[] = [
  {
    name: 'skewed: most keys close together, some far away',
    columns: both('id bigint primary key'),
    values: (n) => (n % 10 === 0 ? String(4_000_000_000_000_000_000n + BigInt(n) * 99_999_999n) : String(n)),
  },
  {
    name: 'sparse and negative, in no order',
    columns: both('id bigint primary key'),
    values: (n) => String(BigInt(scattered(n)) * 4_000_000n + BigInt(n) - 8_000_000_000_000_000n),
  },
  {
    name: 'UUIDs',
    columns: { PostgreSQL: 'id uuid primary key', MySQL: 'id char(36) primary key' },
    values: (n) => `'${uuid(n)}'`,
  },
  {
    name: 'UUIDs as bytes, or as text',
    columns: { PostgreSQL: 'id text primary key', MySQL: 'id binary(16) primary key' },
    values: (n, engine) =>
      engine === 'MySQL' ? `x'${uuid(n).replaceAll('-', '')}'` : `'${uuid(n).toUpperCase()}'`,
  },
  {
    name: 'text of a collation, in upper and lower case, with accents',
    columns: {
      PostgreSQL: 'id varchar(60) collate "und-x-icu" primary key',
      MySQL: 'id varchar(60) character set utf8mb4 collate utf8mb4_unicode_ci primary key',
    },
    values: (n) => `'${['ä', 'Ö', 'z', 'Straße ', 'A-', 'a '][n % 6]}${scattered(n) % 97}-${n}'`,
  },
  {
    name: 'text whose quotes and backslashes are its own',
    columns: both('id varchar(60) primary key'),
    values: (n, engine) => `'it''s ${engine === 'MySQL' ? '\\\\' : '\\'}N ${n}'`,
  },
  {
    name: 'several columns',
    columns: both(
      'region varchar(8) not null, day date not null, nr int not null, primary key (region, day, nr)',
    ),
    values: (n) => `'${['north', 'south', 'x'][n % 3]}', '20${10 + (n % 9)}-02-0${1 + (n % 7)}', ${n - 5000}`,
  },
  {
    name: 'a unique index in the place of a primary key',
    columns: both('note varchar(10), id numeric(20,3) not null unique'),
    values: (n) => `'x', ${n % 2 === 0 ? -n : n}.125`,
  },
];

describe.each<Engine>(['PostgreSQL', 'MySQL', 'MariaDB'])('ranges of a table in %s', (engine) => {
  const dialect = engine === 'PostgreSQL' ? 'PostgreSQL' : 'MySQL';
  let server: MysqlTestServer | undefined;
  let database: TestDatabase;
  let source: SourceDatabase;
  let execute: (sql: string) => Promise<unknown>;
  let release = async (): Promise<void> => undefined;

  beforeAll(async () => {
    if (engine === 'PostgreSQL') {
      database = await createDatabase('ranges');
      const client = new Client({ connectionString: database.url });
      await client.connect();
      execute = (sql) => client.query(sql);
      release = () => client.end();
    } else {
      server = await startMysqlServer(engine);
      database = await server.createDatabase('ranges');
      execute = (sql) => queryMysql(database.url, sql);
    }
    source = await openSource(databaseUrl(database.url), { connectionTimeoutMs: 10_000 });
  }, 120_000);
  afterAll(async () => {
    await source?.close();
    await release();
    await (server ? server.close() : database?.drop());
  });

  async function filled(
    name: string,
    { columns, values }: Omit<KeyCase, 'name'>,
    count: number,
  ): Promise<StepSource> {
    await execute(`create table ${name} (${columns[dialect]})`);
    for (let from = 0; from < count; from += 4_000) {
      const some = Array.from(
        { length: Math.min(4_000, count - from) },
        (_, i) => `(${values(from + i, dialect)})`,
      );
      await execute(`insert into ${name} values ${some.join(', ')}`);
    }
    await execute(dialect === 'PostgreSQL' ? `analyze ${name}` : `analyze table ${name}`);
    const table = await source.describe(name);
    if (!table) throw new Error(`${name} is not there`);
    return { plan: { table: name, columns: {} }, table };
  }

  async function keysOf(table: SourceTable, bounds?: KeyRange): Promise<string[]> {
    const keyOf = keyReader({ plan: { table: table.name, columns: {} }, table });
    const row = new RawRow(table.columns.length);
    const keys: string[] = [];
    for await (const chunk of source.read(table, {
      ...(bounds ? { bounds } : {}),
      limit: { rows: 1_000, bytes: 1 << 20 },
      signal,
    }))
      for (let i = 0; i < chunk.rows; i++) {
        source.locate(chunk, i, row);
        keys.push(keyOf(row).join('|'));
      }
    return keys;
  }

  test.each(cases.map((keyCase, i) => [keyCase.name, keyCase, `t${i}`] as const))(
    '%s: every row is in one range, and the ranges are even',
    async (_, keyCase, name) => {
      const table = await filled(name, keyCase, rows);
      const ranges = await cutRanges(source, table, rows, rows / wanted, signal);
      expect(ranges).toHaveLength(rangeCount(rows, rows / wanted, table.table.clustered));
      const read: string[][] = [];
      for (const range of ranges) read.push(await keysOf(table.table, range));
      expect(read.flat()).toEqual(await keysOf(table.table));
      expect(new Set(read.flat()).size).toBe(rows);
      for (const keys of read) {
        expect(keys.length).toBeGreaterThan((rows / ranges.length) * 0.8);
        expect(keys.length).toBeLessThan((rows / ranges.length) * 1.2);
      }
    },
  );

  test('few rows, or none, are one range or more, and none is lost', async () => {
    const one = { columns: both('id int primary key'), values: (n: number) => String(n) };
    const open = { lower: null, upper: null };
    expect(await cutRanges(source, await filled('none', one, 0), 0, 1, signal)).toEqual([
      { ...open, rows: 0 },
    ]);
    const three = await filled('three', one, 3);
    const ranges = await cutRanges(source, three, 3, 1, signal);
    const read = await Promise.all(ranges.map((range) => keysOf(three.table, range)));
    expect(read.flat()).toEqual(['0', '1', '2']);
  });
});

test('a table is cut by its rows; one whose rows lie about in another order than its keys, into few ranges', () => {
  expect(rangeCount(0, 250_000, true)).toBe(1);
  expect(rangeCount(499_999, 250_000, true)).toBe(1);
  expect(rangeCount(1_000_000, 250_000, true)).toBe(4);
  expect(rangeCount(10_000_000, 250_000, true)).toBe(40);
  expect(rangeCount(10_000_000, 250_000, false)).toBe(4);
  expect(rangeCount(10_000_000_000, 250_000, true)).toBe(1_000);
});
