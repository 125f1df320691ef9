import { escapeId } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { createLegacyDatabase, type EngineName } from '../../helpers/source-engines.js';
import type { LegacyRow, LegacyTable } from './case.js';

/** A legacy database to be filled. */
export interface LegacyDatabase {
  readonly url: string;
  createTable(table: LegacyTable): Promise<void>;
  /** Rejects when the server refuses a value: none is bent on its way in. */
  insert(table: LegacyTable, row: LegacyRow): Promise<void>;
  close(): Promise<void>;
}

/** An empty database on the shared server of this kind. */
export function openLegacy(engine: EngineName): Promise<LegacyDatabase> {
  return engine === 'PostgreSQL' ? openPostgres() : openMysql(engine);
}

async function openPostgres(): Promise<LegacyDatabase> {
  const database = await createLegacyDatabase('PostgreSQL');
  const client = new Client({ connectionString: database.url, options: '-c TimeZone=UTC' });
  await client.connect();
  const quote = (name: string): string => client.escapeIdentifier(name);
  return {
    url: database.url,
    createTable: async ({ table, columns, types = [] }) => {
      for (const type of types) await client.query(type);
      const all = Object.entries(columns).map(([name, type]) => `${quote(name)} ${type}`);
      await client.query(`create table ${table} (${all.join(', ')}, primary key (id))`);
    },
    insert: async ({ table }, row) => {
      const places = Object.keys(row).map((_, i) => `$${i + 1}`);
      await client.query(
        `insert into ${table} (${Object.keys(row).map(quote).join(', ')}) values (${places.join(', ')})`,
        Object.values(row),
      );
    },
    close: async () => {
      await client.end();
      await database.drop();
    },
  };
}

async function openMysql(engine: EngineName): Promise<LegacyDatabase> {
  const database = await createLegacyDatabase(engine);
  const connection = await createConnection({ uri: database.url, charset: 'utf8mb4' });
  // Strict, so that no value is bent on its way in; but zero dates, which old applications wrote, are let in.
  await connection.query(`set time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'`);
  const quote = (column: string): string => escapeId(column, true);
  return {
    url: database.url,
    createTable: async (table) => {
      const all = Object.keys(table.columns).map((column) => `${quote(column)} ${mysqlType(table, column)}`);
      await connection.query(`create table ${table.table} (${all.join(', ')}, primary key (id))`);
    },
    insert: async ({ table, columns }, row) => {
      const names = Object.keys(row);
      await connection.query(
        `insert into ${table} (${names.map(quote).join(', ')}) values (${names.map(() => '?').join(', ')})`,
        names.map((column) => mysqlValue(columns[column] ?? '', row[column] ?? null)),
      );
    },
    close: async () => {
      await connection.end();
      await database.drop();
    },
  };
}

/** The nearest types of MySQL and MariaDB, by those of PostgreSQL; the others have the same names. */
const mysqlTypes: Readonly<Record<string, string>> = {
  text: 'longtext',
  boolean: 'tinyint(1)',
  integer: 'int',
  'double precision': 'double',
  numeric: 'decimal(30,10)',
  uuid: 'char(36)',
  timestamp: 'datetime(6)',
  timestamptz: 'timestamp(6) null default null',
  // As it was written: MySQL's own JSON drops what is double in it.
  json: 'longtext',
  jsonb: 'json',
};

function mysqlType({ columns, mysqlColumns }: LegacyTable, column: string): string {
  const type = columns[column] ?? '';
  // A key needs a length. Its collation is the server's own: it knows no difference between a and A.
  const fit = column === 'id' && type === 'text' ? 'varchar(255)' : (mysqlTypes[type] ?? type);
  return mysqlColumns?.[column] ?? fit;
}

/** A value of a PostgreSQL type as MySQL takes it; what it has no way to write is handed over as it is. */
function mysqlValue(type: string, text: string | null): string | number | null {
  if (text === null) return null;
  if (type.startsWith('bit')) return Number(text);
  if (type === 'boolean') return text === 'true' ? 1 : text === 'false' ? 0 : text;
  return type === 'timestamptz' ? inUtc(text) : text;
}

/** `2020-06-01 12:00:00.123456+05:45` as `2020-06-01 06:15:00.123456`: not every server reads the zone. */
function inUtc(text: string): string {
  const [, day, time, fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d(?::\d\d)?)$/.exec(text) ?? [];
  if (day === undefined) return text;
  const moment = new Date(`${day}T${time}${zone.padEnd(6, ':00')}`);
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')}${fraction}`;
}
