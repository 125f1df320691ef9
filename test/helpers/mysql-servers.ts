import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { createKeeper } from '../../src/servers/keeper.js';
import { startMariadb } from '../../src/servers/mariadb.js';
import type { MysqlLogin } from '../../src/servers/mysql-server.js';
import { startMysql } from '../../src/servers/mysql.js';
import type { TestDatabase } from './databases.js';

const starts = { MySQL: startMysql, MariaDB: startMariadb };
export type MysqlName = keyof typeof starts;
export const mysqlNames = ['MySQL', 'MariaDB'] as const satisfies readonly MysqlName[];

/** A real MySQL or MariaDB for the tests of one file; a download, where it is not on this machine yet. */
export interface MysqlTestServer {
  /** Makes an empty database. */
  createDatabase(label?: string): Promise<TestDatabase>;
  /** The address of a database that need not be there, as superuser unless told. */
  url(database: string, login?: MysqlLogin): string;
  close(): Promise<void>;
}

/** Nothing in it has to outlive the tests, so it never waits for the disk. */
const settings = { innodb_flush_log_at_trx_commit: '0', innodb_doublewrite: 'OFF' };

export async function startMysqlServer(name: MysqlName): Promise<MysqlTestServer> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-mysql-'));
  const keeper = createKeeper();
  const close = async (): Promise<void> => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const log = (line: string) => console.error(line);
    const server = await starts[name]({ dataDir: path.join(folder, 'data'), keeper, settings, log });
    return {
      async createDatabase(label = 'test') {
        const database = `${label}_${randomBytes(6).toString('hex')}`;
        await queryMysql(server.url('mysql'), `create database \`${database}\``);
        return {
          name: database,
          url: server.url(database),
          drop: async () => {
            await queryMysql(server.url('mysql'), `drop database if exists \`${database}\``);
          },
        };
      },
      url: (database, login) => server.url(database, login),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
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
