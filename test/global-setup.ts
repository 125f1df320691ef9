import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { createKeeper } from '../src/servers/keeper.js';
import { startPostgres } from '../src/servers/postgres.js';
import { findTemporalTestServer } from '../src/servers/temporal-binaries.js';
import { startTemporalDevServer } from '../src/servers/temporal-dev-server.js';
import { mysqlOnDemand, type MysqlOnDemand } from './helpers/mysql-on-demand.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of the shared PostgreSQL's database `postgres`, as superuser. */
    postgresUrl: string;
    /** Host and port of the shared Temporal dev server; its namespace is `default`. */
    temporalAddress: string;
    /** The binary of Temporal's time-skipping test server. */
    temporalTestServer: string;
    /** Where the shared MySQL and MariaDB are asked for: `sharedMysqlServer` does. */
    mysqlOnDemandUrl: string;
  }
}

/** Nothing in this server has to outlive the tests, so it never waits for the disk. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
};

/**
 * Starts the servers that all test files share, once for the whole run; MySQL and MariaDB when they are asked for. What is not on this machine yet is
 * downloaded. A test that stops, kills or misconfigures a server starts one of its own.
 */
export default async function startSharedServers(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-tests-'));
  const log = (line: string) => console.error(line);
  const keeper = createKeeper({ log });
  let mysql: MysqlOnDemand | undefined;
  async function stop(): Promise<void> {
    await mysql?.close();
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  }
  try {
    mysql = await mysqlOnDemand(folder, keeper, log);
    const [postgres, temporal, temporalTestServer] = await Promise.all([
      startPostgres({ dataDir: path.join(folder, 'postgres'), settings, keeper }),
      startTemporalDevServer({ logFile: path.join(folder, 'temporal.log'), keeper, log }),
      findTemporalTestServer({ log }),
    ]);
    project.provide('postgresUrl', postgres.url('postgres'));
    project.provide('temporalAddress', temporal.address);
    project.provide('temporalTestServer', temporalTestServer);
    project.provide('mysqlOnDemandUrl', mysql.url);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
