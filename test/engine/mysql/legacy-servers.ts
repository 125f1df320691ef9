import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/parse-database-url.js';
import { RawRow, type SourceChunk } from '../../../src/engine/row.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import type { SourceDatabase, SourceTable } from '../../../src/engine/source/types.js';
import { textFault } from '../../../src/engine/values/text.js';
import { findMariadbd } from '../../../src/servers/mariadb-binaries.js';
import { startMariadb } from '../../../src/servers/mariadb.js';
import { findMysqld } from '../../../src/servers/mysql-binaries.js';
import { createKeeper } from '../../../src/servers/keeper.js';
import type { MysqlServer } from '../../../src/servers/mysql-server.js';
import { startMysql } from '../../../src/servers/mysql.js';

export const noLimit = { rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

const products = [
  { name: 'MySQL', find: findMysqld, start: startMysql },
  { name: 'MariaDB', find: findMariadbd, start: startMariadb },
] as const;

/** One running server with an empty database `legacy`. What is opened here is closed when its tests are over. */
export interface LegacyServer {
  readonly name: (typeof products)[number]['name'];
  server: MysqlServer;
  dataDir: string;
  /** as an owner of the database fills it: UTF-8, no strict mode */
  owner: Connection;
  source: SourceDatabase;
}

/**
 * Runs the same tests on a MySQL and a MariaDB whose own settings are as far from ours as they may be: another time
 * zone, another character set, few rows.
 */
export function onBothServers(tests: (legacy: LegacyServer) => void): void {
  describe.each(products)('$name', ({ name, find, start }) => {
    const legacy = { name } as LegacyServer;
    const keeper = createKeeper();
    let folder: string;

    beforeAll(async () => {
      await find({ log: (line) => console.error(line) });
      folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-test-'));
      const settings = {
        default_time_zone: '+05:30',
        character_set_server: 'latin1',
        lock_wait_timeout: '31536000',
        max_allowed_packet: '64M',
      };
      legacy.dataDir = path.join(folder, 'data');
      legacy.server = await start({ dataDir: legacy.dataDir, keeper, settings });
      const system = await createConnection({ uri: legacy.server.url('mysql') });
      await system.query('create database legacy character set utf8mb4');
      await system.query(`set global sql_select_limit = 2`);
      await system.query(`set global sql_mode = 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'`);
      await system.end();
      legacy.owner = await createConnection({
        uri: legacy.server.url('legacy'),
        charset: 'utf8mb4',
        dateStrings: true,
      });
      await legacy.owner.query(`set sql_mode = 'ALLOW_INVALID_DATES'`);
      await legacy.owner.query('set sql_select_limit = default, global sql_select_limit = 2');
      legacy.source = await openSource(databaseUrl(legacy.server.url('legacy')), {
        connectionTimeoutMs: 10_000,
      });
    }, 300_000);

    afterAll(async () => {
      await legacy.source?.close();
      await legacy.owner?.end();
      await keeper.close();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    tests(legacy);
  });
}

export function databaseUrl(text: string): NonNullable<ReturnType<typeof parseDatabaseUrl>['url']> {
  const { url, problems } = parseDatabaseUrl(text);
  if (url === undefined) throw new Error(problems.join('; '));
  return url;
}

/** The value of one row and column of a query's answer. */
export async function one(connection: Connection, sql: string): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return (rows[0] as unknown[] | undefined)?.[0];
}

export async function described(source: SourceDatabase, name: string): Promise<SourceTable> {
  const table = await source.describe(name);
  if (!table) throw new Error(`there is no table ${name}`);
  return table;
}

export async function collect(chunks: AsyncIterable<SourceChunk>): Promise<SourceChunk[]> {
  const all: SourceChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/** The rows of a chunk, field by field: text, null, or bytes where these are no text. */
export function rowsOf(
  source: SourceDatabase,
  table: SourceTable,
  chunk: SourceChunk,
): (string | Buffer | null)[][] {
  const row = new RawRow(table.columns.length);
  return Array.from({ length: chunk.rows }, (_, index) => {
    source.locate(chunk, index, row);
    return table.columns.map(({ field }) => {
      const [start, length] = [row.start[field] as number, row.length[field] as number];
      if (length === -1) return null;
      const bytes = Buffer.from(row.bytes.subarray(start, start + length));
      return textFault(bytes) === undefined ? bytes.toString() : bytes;
    });
  });
}

/** All rows of a table in key order, read at once. */
export async function allRows(
  source: SourceDatabase,
  table: SourceTable,
): Promise<(string | Buffer | null)[][]> {
  const { signal } = new AbortController();
  const chunks = await collect(source.read(table, { limit: noLimit, signal }));
  return chunks.flatMap((chunk) => rowsOf(source, table, chunk));
}
