import { beforeAll, describe, expect, test } from 'vitest';
import { dirtCatalogue, catalogueOf } from '../../src/demo/dirt/catalogue.js';
import {
  columnsOf,
  legacyTableNames,
  type Cell,
  type ColumnType,
  type LegacyRow,
  type LegacyTable,
} from '../../src/demo/legacy-tables.js';
import { legacyRows } from '../../src/demo/rows/legacy-rows.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { mysqlColumnsOf } from '../../src/demo/stores/mysql-types.js';
import { hasTables, storeKindOf } from '../../src/demo/stores/open-store.js';
import { manifestOf } from '../../src/demo/summary.js';
import { createWorld } from '../../src/demo/world.js';
import {
  mysqlNames,
  queryMysql,
  sharedMysqlServer,
  type SharedMysqlServer,
} from '../helpers/mysql-servers.js';

test('MySQL has a kind of dirt for each of PostgreSQL, and what it cannot hold is nowhere in it', () => {
  const mysql = catalogueOf('mysql');
  let replaced = 0;
  for (const table of legacyTableNames) {
    const names = mysql[table].map(({ kind }) => kind);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(dirtCatalogue[table].length);
    replaced += mysql[table].filter((dirt, i) => dirt.kind !== dirtCatalogue[table][i]?.kind).length;
  }
  expect(replaced).toBe(17);

  const world = createWorld(4000, 5, 50, 'mysql');
  for (const table of legacyTableNames) {
    const timesAndNumbers = columnsOf(table).filter(([, type]) => /^(date|time|numeric)/.test(type));
    for (const row of legacyRows(world, table))
      for (const [column] of timesAndNumbers) expect(String(row[column])).not.toMatch(/infinity|BC|NaN/);
  }
});

test('the clean rows are those of PostgreSQL', () => {
  const [postgres, mysql] = [createWorld(4000, 1, 8), createWorld(4000, 1, 8, 'mysql')];
  for (const table of legacyTableNames) {
    const clean = (world: typeof mysql): LegacyRow<typeof table>[] => {
      const dirty = new Set(manifestOf(world).tables[table].dirt.flatMap(({ ids }) => ids));
      return [...legacyRows(world, table)].filter(({ id }) => !dirty.has(String(id)));
    };
    expect(clean(mysql)).toEqual(clean(postgres));
  }
});

describe.each(mysqlNames)('%s', (name) => {
  let server: SharedMysqlServer;
  beforeAll(async () => {
    server = await sharedMysqlServer(name);
  }, 300_000);

  test('100,000 rows are in the tables that the summary tells, within seconds', async () => {
    const { url } = await server.createDatabase('large');
    const { rows, tables, rowsPerSecond } = await seedLegacy({ url });
    expect(rows).toBe(100_000);
    for (const table of legacyTableNames) {
      const ids = tables[table].dirt.flatMap((dirt) => dirt.ids);
      const [found] = await queryMysql(
        url,
        `select count(*) as total, sum(${mysqlText(table, 'id')} in (?)) as dirty from ${table}`,
        [ids],
      );
      expect(found).toEqual({ total: String(tables[table].rows), dirty: String(ids.length) });
    }
    // Tens of thousands on any machine of today; under this, something has gone quadratic.
    expect(rowsPerSecond).toBeGreaterThan(3000);
  }, 60_000);

  test('every value arrives as it was made, the hostile ones too', async () => {
    const { url } = await server.createDatabase('exact');
    await seedLegacy({ url, rows: 4000, seed: 5, mostDirtPercent: 50 });
    const world = createWorld(4000, 5, 50, 'mysql');
    for (const table of legacyTableNames) {
      // MySQL writes its own JSON type in its own order.
      const columns = columnsOf(table).filter(([, type]) => type !== 'jsonb');
      const texts = columns.map(([column]) => `${mysqlText(table, column)} as ${column}`);
      const found = await queryMysql(url, `select ${texts.join(', ')} from ${table}`);
      const made = [...legacyRows(world, table)].map((row) =>
        Object.fromEntries(columns.map(([column, type]) => [column, shown(row[column], type)])),
      );
      expect(byId(found)).toEqual(byId(made));
    }
  }, 60_000);

  test('it is all there or not at all, and a seed that was cut off does not stand in the way of the next', async () => {
    const { url } = await server.createDatabase('partly');
    expect(await hasTables(url)).toBe(false);
    const { open } = storeKindOf(url);
    const cut = await open(url);
    await cut.createTables();
    await cut.load('legacy_customers', [...legacyRows(createWorld(100, 1, 8, 'mysql'), 'legacy_customers')]);
    expect(await hasTables(url)).toBe(false);
    await seedLegacy({ url, rows: 100 });
    expect(await hasTables(url)).toBe(true);
    await cut.close();

    const ended = await server.createDatabase('ended');
    const store = await open(ended.url);
    await store.createTables();
    await store.close();
    expect(await queryMysql(ended.url, 'show tables')).toEqual([]);
  });

  test('tables that are there are left alone, and a wrong password is not told', async () => {
    const { url } = await server.createDatabase('taken');
    await queryMysql(url, 'create table legacy_vendors (id int)');
    await expect(seedLegacy({ url, rows: 100 })).rejects.toThrow('has a table legacy_vendors already');
    expect(await queryMysql(url, 'show tables')).toHaveLength(1);
    await expect(seedLegacy({ url: url.replace(/:[0-9a-f]+@/, ':wrong@'), rows: 100 })).rejects.toMatchObject(
      { code: 'ERR_001', message: expect.not.stringContaining('wrong') },
    );
  });
});

/** SQL of a column's text in UTF-8, also where it is kept as bits or as the bytes of a UUID. */
function mysqlText(table: LegacyTable, column: string): string {
  const [, type = ''] = mysqlColumnsOf(table).find(([name]) => name === column) ?? [];
  if (type === 'bit(1)') return `convert(${column} + 0 using utf8mb4)`;
  if (type !== 'binary(16)') return `convert(${column} using utf8mb4)`;
  const parts = ['1, 8', '9, 4', '13, 4', '17, 4', '21'];
  return `lower(concat_ws('-', ${parts.map((part) => `substr(hex(${column}), ${part})`).join(', ')}))`;
}

const byId = (rows: Record<string, unknown>[]): Map<unknown, unknown> =>
  new Map(rows.map((row) => [row['id'], row]));

/** A value as MySQL prints it: all digits of the scale, six of a second. */
function shown(cell: Cell, type: ColumnType): string | null {
  if (cell === null) return null;
  if (typeof cell === 'boolean') return cell ? '1' : '0';
  if (type === 'numeric') {
    const [whole, fraction = ''] = String(cell).split('.');
    return `${whole}.${fraction.padEnd(9, '0')}`;
  }
  if (type !== 'timestamp' && type !== 'timestamptz') return String(cell);
  const [seconds, micros = ''] = String(cell).split('.');
  return `${seconds}.${micros.padEnd(6, '0')}`;
}
