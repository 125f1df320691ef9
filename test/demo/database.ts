import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres } from '../../src/servers/postgres.js';

/** A real server for the tests of one file. */
export interface TestServer {
  /** Makes an empty database and gives its address. */
  database(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function testServer(): Promise<TestServer> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-demo-'));
  const keeper = createKeeper();
  const close = async (): Promise<void> => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const server = await startPostgres({ dataDir: path.join(folder, 'data'), keeper });
    return {
      async database(name) {
        await server.createDatabase(name);
        return server.url(name);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The rows of one query, read in UTC. */
export async function query<Row extends Record<string, unknown>>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url, options: '-c TimeZone=UTC' });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
