import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { escapeId } from 'mysql2';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { inject } from 'vitest';
import { createKeeper } from '../../src/servers/keeper.js';
import type { MysqlLogin, MysqlServer } from '../../src/servers/mysql-server.js';
import type { TestDatabase } from './databases.js';
import { mysqlSettings, starts, type MysqlName } from './mysql-on-demand.js';

export { mysqlNames, type MysqlName } from './mysql-on-demand.js';

/** A real MySQL or MariaDB; a download, where it is not on this machine yet. */
export interface SharedMysqlServer {
  /**
   * Makes an empty database in UTF-8, with the collation that the server itself prefers. Its `drop` drops the tables: the
   * database ends with the server, since MariaDB calls its own tables corrupt when many databases are dropped.
   */
  createDatabase(label?: string): Promise<TestDatabase>;
  /** The address of a database that need not be there, as superuser unless told. */
  url(database: string, login?: MysqlLogin): string;
}

/** One for the tests of a file alone, which may kill it. */
export interface MysqlTestServer extends SharedMysqlServer {
  /** Starts it again on the same data and port, after a crash or a stop. */
  restart(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
  /** Freezes it (SIGSTOP), or lets it go on (SIGCONT): connections stay open meanwhile, and are silent. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

/** The server that all test files share: only for those that leave its settings and accounts alone. */
export async function sharedMysqlServer(name: MysqlName): Promise<SharedMysqlServer> {
  const answer = await fetch(`${inject('mysqlOnDemandUrl')}/${name}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return within((database, login) => {
    const url = new URL(text);
    url.pathname = encodeURIComponent(database);
    if (login) [url.username, url.password] = [login.name, login.password];
    return url.href;
  });
}

export async function startMysqlServer(name: MysqlName): Promise<MysqlTestServer> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-mysql-'));
  const keeper = createKeeper();
  const close = async (): Promise<void> => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  const start = (port?: number): Promise<MysqlServer> =>
    starts[name]({
      dataDir: path.join(folder, 'data'),
      keeper,
      settings: mysqlSettings,
      log: (line) => console.error(line),
      ...(port === undefined ? {} : { port }),
    });
  try {
    let server = await start();
    return {
      ...within((database, login) => server.url(database, login)),
      restart: async () => {
        server = await start(server.port);
      },
      kill: () => server.kill(),
      signal: (signal) => process.kill(server.pid, signal),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function within(url: SharedMysqlServer['url']): SharedMysqlServer {
  return {
    url,
    async createDatabase(label = 'test') {
      const database = `${label}_${randomBytes(6).toString('hex')}`;
      await queryMysql(url('mysql'), `create database \`${database}\` character set utf8mb4`);
      return { name: database, url: url(database), drop: () => dropTables(url(database)) };
    },
  };
}

async function dropTables(url: string): Promise<void> {
  const tables = await queryMysql(
    url,
    `select table_name as name from information_schema.tables
     where table_schema = database() and table_type = 'BASE TABLE'`,
  );
  const names = tables.map(({ name }) => escapeId(String(name), true));
  if (names.length > 0) await queryMysql(url, `drop table ${names.join(', ')}`);
}

/** The rows of one query on a connection of its own, read in UTC; dates and big numbers are texts. */
export async function queryMysql(
  uri: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({
    uri,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  try {
    await connection.query(`set time_zone = '+00:00'`);
    const [rows] = await connection.query<RowDataPacket[]>(sql, values);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  } finally {
    await connection.end();
  }
}
