import { createConnection, type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2';
import type { DatabaseUrl } from '../../config/database-url.js';

/** A text column of a row of the catalog by its name. */
export type TextRow = Readonly<Record<string, string | null>>;

/**
 * The session under which every value has one text, and none is hidden or changed, whatever the server's own settings
 * are. Both servers read the names they share; MySQL reads what is between `/*!50708`, MariaDB what is between `/*M!`.
 *
 * - `character_set_results`: columns come in their own character set, since a conversion would put question marks in the
 *   place of bytes that are wrong in it; what is not UTF-8 is converted by the statement itself (`selectExpression`).
 * - `sql_mode`: dates such as 2020-02-31, where a table has them, can be compared with.
 * - `max_sort_length`: a key is sorted by all of its bytes (an index has 3072 at the most), not by the first 1024.
 * - timeouts: a stream lasts as long as the other side takes; waiting for a lock does not.
 */
const sessionSettings = `
  set
    time_zone = '+00:00', character_set_results = null, sql_mode = 'ALLOW_INVALID_DATES',
    sql_select_limit = 18446744073709551615, sql_big_selects = 1, max_sort_length = 32768,
    net_write_timeout = 86400, net_read_timeout = 86400, wait_timeout = 86400, lock_wait_timeout = 60
    /*!50708 , max_execution_time = 0, range_optimizer_max_mem_size = 0 */
    /*M! , max_statement_time = 0, in_predicate_conversion_threshold = 0 */`;

/**
 * What mysql2 needs for a database. It holds the password: not to be logged. `require` encrypts without checking who
 * answers, unless a CA is named, which makes it `verify-ca`.
 */
export function mysqlConfigOf(
  url: DatabaseUrl,
  settings: { readonly connectionTimeoutMs: number },
): ConnectionOptions {
  const { password } = url.credentials();
  const ssl = tlsOf(url);
  return {
    host: url.host,
    port: url.port,
    database: url.database,
    ...(url.user === undefined ? {} : { user: url.user }),
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: settings.connectionTimeoutMs,
  };
}

function tlsOf(url: DatabaseUrl): Exclude<ConnectionOptions['ssl'], string> {
  const { tls } = url.credentials();
  if (url.sslMode === 'disable') return undefined;
  const checksTheHost = url.sslMode === 'verify-full';
  const checksTheCa = checksTheHost || url.sslMode === 'verify-ca' || tls.ca !== undefined;
  return { ...tls, rejectUnauthorized: checksTheCa, verifyIdentity: checksTheHost };
}

/** An open connection with the session settings of the engine, for reading only. The caller ends it. */
export async function connect(config: ConnectionOptions): Promise<Connection> {
  const connection = createConnection({
    ...config,
    charset: 'utf8mb4',
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
  });
  // Without a listener a connection lost between queries would end the process; the next query reports it.
  connection.on('error', () => undefined);
  try {
    await connection.promise().connect();
    await queryTexts(connection, 'set names utf8mb4');
    await queryTexts(connection, sessionSettings);
    await queryTexts(connection, 'set session transaction read only');
    return connection;
  } catch (error) {
    cut(connection);
    throw error;
  }
}

/** Ends a connection at once, whatever is on its way. */
export function cut(connection: Connection): void {
  const { stream } = connection as unknown as { stream: { destroy(): void } };
  connection.destroy();
  stream.destroy();
}

/** A small answer, every value as the server's text. */
export async function queryTexts(connection: Connection, sql: string): Promise<TextRow[]> {
  const [rows] = await connection
    .promise()
    .query<RowDataPacket[]>({ sql, typeCast: (field) => field.string() });
  return rows;
}
