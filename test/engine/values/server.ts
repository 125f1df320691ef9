import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createKeeper } from '../../../src/servers/keeper.js';
import { startPostgres } from '../../../src/servers/postgres.js';

/** A real PostgreSQL to ask what the truth is, with a session in UTC and ISO dates. */
export interface TruthServer {
  readonly client: Client;
  close(): Promise<void>;
}

export async function truthServer(): Promise<TruthServer> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-values-'));
  const keeper = createKeeper();
  const remove = async (): Promise<void> => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const server = await startPostgres({
      dataDir: path.join(folder, 'data'),
      keeper,
      settings: { fsync: 'off' },
    });
    const client = new Client({
      connectionString: server.url('postgres'),
      options: '-c TimeZone=UTC -c DateStyle=ISO',
    });
    await client.connect();
    return {
      client,
      async close() {
        await client.end();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
