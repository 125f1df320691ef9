import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres } from '../../src/servers/postgres.js';
import type { Database, Watch } from '../../src/backup/types.js';

/** A database of the test server, and a way to ask it directly. */
export interface TestDatabase extends Database {
  readonly url: string;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

export interface TestServer {
  /** Makes an empty database. */
  database(name: string, label: string): Promise<TestDatabase>;
  close(): Promise<void>;
}

/** A real server for the tests of one file. */
export async function testServer(): Promise<TestServer> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-backup-'));
  const keeper = createKeeper();
  const clients: Client[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.end()));
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const server = await startPostgres({
      dataDir: path.join(folder, 'data'),
      keeper,
      settings: { fsync: 'off', wal_level: 'minimal', max_wal_senders: '0' },
    });
    return {
      async database(name, label) {
        await server.createDatabase(name);
        const url = server.url(name);
        const client = new Client({ connectionString: url });
        await client.connect();
        clients.push(client);
        return {
          label,
          url,
          config: { connectionString: url },
          query: async (sql, values = []) => (await client.query<Record<string, unknown>>(sql, values)).rows,
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nobody watches and nobody stops. */
export function unwatched(): Watch {
  return { signal: new AbortController().signal, progress: () => undefined };
}

/** How many connections of the database other than the asking one meet the condition on pg_stat_activity. */
export async function connectionsOf(database: TestDatabase, condition: string): Promise<number> {
  const rows = await database.query(
    `select pid from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
  );
  return rows.length;
}
