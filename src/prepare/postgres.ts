import type { Client, ClientConfig } from 'pg';
import { connect } from '../engine/postgres/connect.js';
import { databaseError } from '../store/postgres-errors.js';
import { quoteTable } from '../store/quote.js';
import { medianLatency, type TargetReport } from './connection-report.js';

/** Connects once and looks. Throws `MigrationError` ERR_001 when it cannot. */
export async function lookAtPostgres(server: string, config: ClientConfig): Promise<TargetReport> {
  return withPostgres(server, config, async (client) => {
    const { rows } = await client.query<{
      version: string;
      text: string;
      identity: string;
      create: boolean;
      readOnly: boolean;
      encoding: string;
    }>(
      `select current_setting('server_version_num') as version, current_setting('server_version') as text,
         concat_ws('/', extract(epoch from pg_postmaster_start_time()), d.oid, d.datname) as identity,
         has_database_privilege(d.oid, 'CREATE') as create, pg_is_in_recovery() as "readOnly",
         pg_encoding_to_char(d.encoding) as encoding
       from pg_database d where d.datname = current_database()`,
    );
    const row = rows[0];
    if (!row) throw new Error('the server did not say which database it serves');
    return {
      server,
      product: 'PostgreSQL',
      version: Number(row.version),
      versionText: row.text,
      latencyMs: await medianLatency(() => client.query('select 1')),
      identity: `PostgreSQL/${row.identity}`,
      canCreateSchemas: row.create,
      readOnly: row.readOnly,
      encoding: row.encoding,
    };
  });
}

/** Bytes of these tables with their indexes; tables that are not there have none. */
export async function postgresBytes(config: ClientConfig, tables: readonly string[]): Promise<number> {
  return withPostgres('source', config, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(
      'select coalesce(sum(pg_total_relation_size(to_regclass(t))), 0) as bytes from unnest($1::text[]) t',
      [tables.map(quoteTable)],
    );
    return Number(rows[0]?.bytes);
  });
}

async function withPostgres<T>(
  server: string,
  config: ClientConfig,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    const client = await connect(config, { readOnly: true });
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  } catch (error) {
    throw databaseError(error, server);
  }
}
