import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { legacyTableNames, type LegacyTable } from '../legacy-tables.js';
import { insertText } from './insert-text.js';
import type { LegacyStore } from './legacy-store.js';
import { mysqlColumnsOf } from './mysql-types.js';
import { tableExists, unreachable } from './refusals.js';

/** MySQL commits with each table it makes, so tables have this before their names until all of them are filled. */
const unfinished = 'unfinished_';
const unfinishedNames = legacyTableNames.map((table) => unfinished + table);

/**
 * The legacy store in MySQL 8 and MariaDB 10.5 and later. The types are those of mysql-types.ts.
 * @param url `mysql://user:password@host:port/database`
 */
export async function openMysqlStore(url: string): Promise<LegacyStore> {
  const connection = await connect(url);
  let leftToDrop = false;
  return {
    hasTables: async () => (await tablesOf(connection)).length > 0,
    async createTables() {
      const tables = await tablesOf(connection);
      const taken = legacyTableNames.find((table) => tables.includes(table));
      if (taken !== undefined) throw tableExists(taken);
      await dropUnfinished(connection);
      leftToDrop = true;
      for (const table of legacyTableNames) await connection.query(createTable(table));
    },
    async load(table, rows) {
      for (const insert of insertText(unfinished + table, rows, mysqlColumnsOf(table)))
        await connection.query(insert);
    },
    async finish() {
      const renames = legacyTableNames.map((table) => `${unfinished}${table} to ${table}`);
      await connection.query(`rename table ${renames.join(', ')}`);
      leftToDrop = false;
      await connection.query(`analyze table ${legacyTableNames.join(', ')}`);
    },
    async close() {
      try {
        if (leftToDrop) await dropUnfinished(connection);
      } finally {
        await connection.end();
      }
    },
  };
}

async function connect(url: string): Promise<Connection> {
  const connection = await createConnection({
    uri: url.replace(/^mariadb:/i, 'mysql:'),
    charset: 'utf8mb4',
    connectTimeout: 10_000,
  }).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  // A lost connection also fails the command under way, which is where it is reported.
  connection.on('error', () => undefined);
  // Strict, so that no value is bent on its way in; but zero dates, which old applications wrote, are let in.
  await connection.query(`set time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'`);
  return connection;
}

function createTable(table: LegacyTable): string {
  const columns = mysqlColumnsOf(table).map(([column, type]) => `  ${column} ${type}`);
  return `create table ${unfinished}${table} (\n${columns.join(',\n')},\n  primary key (id)\n)
    engine = innodb default character set utf8mb4 collate utf8mb4_unicode_ci`;
}

/** Names of the database's tables; those that a seed of ours has not finished are none. */
async function tablesOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select table_name as name from information_schema.tables
     where table_schema = database() and table_type = 'BASE TABLE' and table_name not in (?)`,
    [unfinishedNames],
  );
  return rows.map((row) => String(row['name']));
}

async function dropUnfinished(connection: Connection): Promise<void> {
  await connection.query(`drop table if exists ${unfinishedNames.join(', ')}`);
}
