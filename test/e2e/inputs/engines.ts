import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, escapeId } from 'mysql2/promise';
import { Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';
import { createKeeper } from '../../../src/servers/keeper.js';
import { startMariadb } from '../../../src/servers/mariadb.js';
import { startMysql } from '../../../src/servers/mysql.js';
import { createDatabase } from '../../helpers/databases.js';

export const engineNames = ['postgres', 'mysql', 'mariadb'] as const;
export type EngineName = (typeof engineNames)[number];

/** An empty legacy database, and a connection of its owner, who writes what no good owner would. */
export interface Legacy {
  readonly engine: EngineName;
  /** the address for the tool */
  readonly url: string;
  readonly database: string;
  /** Runs one statement in a session that is in UTC and takes every date. */
  run(sql: string): Promise<void>;
  quote(name: string): string;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  /** `encoding`: of a PostgreSQL database */
  createLegacy(options?: { encoding: string }): Promise<Legacy>;
  /**
   * Puts the rows of one MyISAM table into another of the same layout, as bytes: that is how text comes about that is
   * wrong in its own character set, since no server lets it in any more.
   */
  copyRows(legacy: Legacy, from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

/** The engine with settings that are as far from the tool's as they may be: time zone, date style, row limit, modes. */
export function startEngine(name: EngineName): Promise<Engine> {
  return name === 'postgres' ? Promise.resolve(postgres) : startMysqlEngine(name);
}

const postgres: Engine = {
  name: 'postgres',
  async createLegacy(options) {
    const database = await createDatabase('legacy', inject('postgresUrl'), options?.encoding);
    const client = new Client({ connectionString: database.url, options: '-c TimeZone=UTC' });
    await client.connect();
    const name = escapeIdentifier(database.name);
    for (const setting of [
      `timezone = 'Asia/Kathmandu'`,
      `datestyle = 'German, DMY'`,
      `intervalstyle = 'iso_8601'`,
      `bytea_output = 'escape'`,
      'extra_float_digits = -15',
      'standard_conforming_strings = off',
    ])
      await client.query(`alter database ${name} set ${setting}`);
    if (options) await client.query('set client_encoding = SQL_ASCII');
    return {
      engine: 'postgres',
      url: database.url,
      database: database.name,
      run: async (sql) => void (await client.query(sql)),
      quote: escapeIdentifier,
      close: async () => {
        await client.end();
        await database.drop();
      },
    };
  },
  copyRows: () => Promise.reject(new Error('PostgreSQL has no such tables')),
  close: () => Promise.resolve(),
};

const starts = { mysql: startMysql, mariadb: startMariadb };

async function startMysqlEngine(engine: 'mysql' | 'mariadb'): Promise<Engine> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-inputs-'));
  const keeper = createKeeper();
  const close = async (): Promise<void> => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  const dataDir = path.join(folder, 'data');
  const settings = {
    default_time_zone: '+05:45',
    character_set_server: 'latin1',
    max_allowed_packet: '256M',
    innodb_flush_log_at_trx_commit: '0',
    innodb_doublewrite: 'OFF',
    innodb_log_file_size: '512M',
  };
  try {
    const log = (line: string) => console.error(line);
    const server = await starts[engine]({ dataDir, keeper, settings, log });
    const system = await createConnection({ uri: server.url('mysql') });
    await system.query(`set global sql_mode = 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'`);
    await system.query('set global sql_select_limit = 2');
    await system.end();
    return {
      name: engine,
      async createLegacy() {
        const database = `legacy_${randomBytes(6).toString('hex')}`;
        const connection = await createConnection({ uri: server.url('mysql'), charset: 'utf8mb4' });
        await connection.query(
          `set sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', sql_select_limit = default, time_zone = '+00:00'`,
        );
        await connection.query(`create database ${database} character set utf8mb4`);
        await connection.query(`use ${database}`);
        return {
          engine,
          url: server.url(database),
          database,
          run: async (sql) => void (await connection.query(sql)),
          quote: (name) => escapeId(name, true),
          close: () => connection.end(),
        };
      },
      async copyRows(legacy, from, to) {
        await legacy.run('flush tables');
        for (const ending of ['MYD', 'MYI'])
          await copyFile(
            path.join(dataDir, legacy.database, `${from}.${ending}`),
            path.join(dataDir, legacy.database, `${to}.${ending}`),
          );
        await legacy.run('flush tables');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** SQL of a table of the numbers from 0 up to 99,999 as `n`. */
export const numbers = ((): string => {
  const digits = Array.from({ length: 10 }, (_, d) => `select ${d} as d`).join(' union all ');
  const places = ['a', 'b', 'c', 'e', 'f'].map((name) => `(${digits}) ${name}`).join(', ');
  return `(select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as n from ${places})`;
})();
