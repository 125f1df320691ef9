import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { databaseError } from '../store/postgres-errors.js';
import { quoteIdent } from '../store/quote.js';
import type { Database } from './types.js';

/** One connection inside one transaction; every error leaves it as the product's error with the database's label. */
export class Transaction {
  readonly label: string;
  readonly client: Client;

  constructor(label: string, client: Client) {
    this.label = label;
    this.client = client;
  }

  /** The rows of the statement's result. */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.client.query<Row>(sql, [...values])).rows;
    } catch (error) {
      throw databaseError(error, this.label);
    }
  }
}

/**
 * `snapshot` sees all tables as of one instant and cannot write; `write` is an ordinary transaction; `scratch` writes
 * and is always rolled back.
 */
export type TransactionKind = 'snapshot' | 'write' | 'scratch';

const beginWriting = 'begin isolation level read committed, read write';
const frames: Readonly<Record<TransactionKind, { readonly begin: string; readonly end: string }>> = {
  snapshot: { begin: 'begin isolation level repeatable read, read only', end: 'commit' },
  write: { begin: beginWriting, end: 'commit' },
  scratch: { begin: beginWriting, end: 'rollback' },
};

/**
 * Settings of the transaction, whatever the role's and the server's own ones are. First those under which every
 * value has one text on every server; then those that keep the server from ending the work or from filtering rows.
 */
const settings: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmloption: 'content',
  // Row-level security would hide rows in silence; off means an error instead.
  row_security: 'off',
  // One side waits while the other works, for as long as a table takes.
  statement_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  lock_timeout: '30s',
  // The planner holds a checksum for free and so would never share it out among workers.
  parallel_tuple_cost: '0',
};

/** Sets only what this version of the server knows. */
const settingsQuery = `
  select set_config(s.name, given.value, true)
  from json_each_text($1) given (name, value)
  join pg_catalog.pg_settings s on lower(s.name) = lower(given.name)`;

/** A server that checks for lost clients ends the statement of a killed worker at once; not every system can. */
const connectionCheckQuery = `
  select set_config(name, '1s', true) from pg_catalog.pg_settings
  where name = 'client_connection_check_interval' and pg_catalog.version() ~ 'linux'`;

const backendQuery = `
  select pid, extract(epoch from backend_start)::text as "startedAt" from pg_catalog.pg_stat_activity
  where pid = pg_catalog.pg_backend_pid()`;

interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

/** How long the end of a connection may take, in milliseconds, before the socket is dropped. */
const endPatienceMs = 500;

/**
 * Runs the work in one transaction on a connection of its own and ends it. An error rolls back; so does an abort,
 * which ends the connection on both of its sides in the middle of whatever it does and throws the signal's reason.
 *
 * Unqualified names resolve in pg_catalog, then in `schema`.
 */
export async function inTransaction<T>(
  database: Database,
  kind: TransactionKind,
  options: { readonly schema?: string; readonly signal: AbortSignal },
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  signal.throwIfAborted();
  const client = new Client({
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...database.config,
  });
  // A connection lost between two queries is told by the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  const transaction = new Transaction(database.label, client);

  let backend: Backend | undefined;
  let terminated: Promise<void> | undefined;
  const abort = () => {
    if (backend !== undefined) terminated = terminateBackend(database, backend);
    client.connection.stream.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await connect(transaction);
    await transaction.query(frames[kind].begin);
    const path = options.schema === undefined ? 'pg_catalog' : `pg_catalog, ${quoteIdent(options.schema)}`;
    await transaction.query(settingsQuery, [JSON.stringify({ ...settings, search_path: path })]);
    await transaction.query(connectionCheckQuery);
    [backend] = await transaction.query<Backend>(backendQuery);
    const result = await work(transaction);
    await transaction.query(frames[kind].end);
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    await Promise.all([terminated, end(client)]);
  }
}

async function connect({ client, label }: Transaction): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw databaseError(error, label);
  }
}

/** Ends the connection, which rolls back what is open. A server that does not answer is not waited for. */
async function end(client: Client): Promise<void> {
  await Promise.race([client.end(), sleep(endPatienceMs, undefined, { ref: false })]);
  client.connection.stream.destroy();
}

/**
 * Ends our other connection on the server, where it may be deep in a statement that does not look at its socket.
 * The server may have no connection to spare or be gone: then the dropped socket has to do.
 */
async function terminateBackend(database: Database, backend: Backend): Promise<void> {
  const client = new Client({ ...database.config, connectionTimeoutMillis: endPatienceMs });
  client.on('error', () => undefined);
  const terminate = async () => {
    await client.connect();
    await client.query(
      `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
       where pid = $1 and extract(epoch from backend_start)::text = $2`,
      [backend.pid, backend.startedAt],
    );
  };
  await Promise.race([terminate().catch(() => undefined), sleep(endPatienceMs, undefined, { ref: false })]);
  await end(client);
}
