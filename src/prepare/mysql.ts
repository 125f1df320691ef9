import { escape, type Connection } from 'mysql2';
import type { DatabaseUrl } from '../config/database-url.js';
import { connect, cut, mysqlConfigOf, queryTexts } from '../engine/mysql/connect.js';
import { mysqlError } from '../engine/mysql/errors.js';
import { medianLatency, type ConnectionReport, type Product } from './connection-report.js';

interface MysqlSettings {
  readonly connectionTimeoutMs: number;
}

/** Connects to MySQL or MariaDB once and looks. Throws `MigrationError` ERR_001 when it cannot. */
export async function lookAtMysql(
  server: string,
  url: DatabaseUrl,
  settings: MysqlSettings,
): Promise<ConnectionReport> {
  return withMysql(server, url, settings, async (connection) => {
    const variables = await variablesOf(connection);
    const text = variables.get('version') ?? '';
    const product = productOf(variables);
    return {
      server,
      product,
      version: versionNumber(text),
      versionText: text,
      latencyMs: await medianLatency(() => queryTexts(connection, 'select 1')),
      identity: [product, serverIdentity(variables), url.database].join('/'),
    };
  });
}

/** Bytes of these tables with their indexes, as the server estimates them; tables that are not there have none. */
export async function mysqlBytes(
  url: DatabaseUrl,
  settings: MysqlSettings,
  tables: readonly string[],
): Promise<number> {
  if (tables.length === 0) return 0;
  return withMysql('source', url, settings, async (connection) => {
    // MySQL would answer with what it knew a day ago.
    if (productOf(await variablesOf(connection)) === 'MySQL')
      await queryTexts(connection, 'set information_schema_stats_expiry = 0');
    const names = tables.map((table) => {
      const [name = '', schema = url.database] = table.split('.').toReversed();
      return [schema, name];
    });
    const [row] = await queryTexts(
      connection,
      `select coalesce(sum(data_length + index_length), 0) as bytes
       from information_schema.tables where (table_schema, table_name) in (${escape(names)})`,
    );
    return Number(row?.['bytes']);
  });
}

/** Variables that MySQL and MariaDB have, or one of them. */
const asked = ['version', 'version_comment', 'server_uuid', 'hostname', 'port', 'datadir'];

async function variablesOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await queryTexts(connection, `show variables where variable_name in (${escape(asked)})`);
  return new Map(rows.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? '']));
}

function productOf(variables: ReadonlyMap<string, string>): Product {
  const words = `${variables.get('version')} ${variables.get('version_comment')}`;
  return /mariadb/i.test(words) ? 'MariaDB' : 'MySQL';
}

/** MariaDB has no UUID of its own. */
function serverIdentity(variables: ReadonlyMap<string, string>): string {
  const uuid = variables.get('server_uuid');
  return uuid ?? ['hostname', 'port', 'datadir'].map((name) => variables.get(name)).join(':');
}

/** `8.0.36-28` is 80036. */
function versionNumber(text: string): number {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major ?? 0) * 10_000 + Number(minor ?? 0) * 100 + Number(patch ?? 0);
}

async function withMysql<T>(
  server: string,
  url: DatabaseUrl,
  settings: MysqlSettings,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    const connection = await connect(mysqlConfigOf(url, settings));
    try {
      return await use(connection);
    } finally {
      cut(connection);
    }
  } catch (error) {
    throw mysqlError(error, server);
  }
}
