import path from 'node:path';
import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { onFreePorts } from './free-port.js';
import type { Keeper } from './keeper.js';
import { postgresPackage, preparePostgres } from './postgres-binaries.js';
import { asDataDir, postgresEnv, prepareDataDir, SUPERUSER } from './postgres-data.js';
import { startServerProcess } from './server-process.js';
import { serverUserFor } from './server-user.js';

export interface PostgresOptions {
  /** The folder of the data; made if missing, gone on with if it holds a cluster. */
  dataDir: string;
  /** A free port unless told. */
  port?: number;
  keeper: Keeper;
  /** Takes what the server prints; `<dataDir>.log` unless told. */
  logFile?: string;
  /** Server settings by name, as in postgresql.conf, e.g. `{ max_connections: '200' }`. */
  settings?: Record<string, string>;
}

export interface PostgresServer {
  port: number;
  pid: number;
  /** A connection string for the database, as superuser and with the password in it: not for logs. */
  url(database: string): string;
  /** Creates the database unless it is there. */
  createDatabase(name: string): Promise<void>;
  /** Ends connections, writes everything down, and resolves when the server is gone. */
  stop(): Promise<void>;
  /** SIGKILL to the main process, without waiting: for tests of what a crash does. */
  kill(): void;
}

const HOST = '127.0.0.1';

/**
 * Starts PostgreSQL on the loopback address and waits until it answers, recovery after a crash included.
 *
 * As root the server runs under another account (PostgreSQL refuses root) and the data folder becomes that
 * account's, wherever it lies.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataDir = path.resolve(options.dataDir);
  const user = await serverUserFor(dataDir);
  const binaries = await preparePostgres(postgresPackage(), user);
  const password = await prepareDataDir(dataDir, binaries, user);
  const { cwd, dir } = asDataDir(dataDir, user);

  return onFreePorts([options.port], async ([chosen]) => {
    const port = Number(chosen);
    const url = (database: string): string =>
      `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
    const settings = {
      ...options.settings,
      port: String(port),
      listen_addresses: HOST,
      unix_socket_directories: '',
    };

    const server = await startServerProcess({
      name: 'PostgreSQL',
      file: binaries.postgres,
      args: ['-D', dir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: postgresEnv,
      cwd,
      ...(user && { user }),
      // Fast shutdown: SIGTERM would wait for every client to leave by itself.
      stopSignal: 'SIGINT',
      logFile: options.logFile ?? `${dataDir}.log`,
      keeper: options.keeper,
      probe: () => withClient(url('postgres'), async (client) => void (await client.query('select 1'))),
      patienceMs: 120_000,
    });

    return {
      port,
      url,
      pid: server.pid,
      createDatabase: (name) => withClient(url('postgres'), (client) => createDatabase(client, name)),
      stop: () => server.stop(),
      kill: () => server.kill(),
    };
  });
}

async function createDatabase(client: Client, name: string): Promise<void> {
  const found = await client.query('select from pg_database where datname = $1', [name]);
  if (found.rowCount) return;
  try {
    await client.query(`create database ${escapeIdentifier(name)}`);
  } catch (error) {
    // Somebody else has created it since we looked: duplicate_database, or unique_violation at the same instant.
    const code = error instanceof DatabaseError ? error.code : undefined;
    if (code !== '42P04' && code !== '23505') throw error;
  }
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection lost while idle is told by an event, which would end the process if nobody listened; what
  // matters here is whether the work's own queries succeed.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}
