import pg, { type Client, type ClientConfig } from 'pg';

/** The session settings under which every value has one text, whatever the server's or the role's own settings are. */
const sessionSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  // Rows that a policy hides would be missing without a word: with this the statement fails instead.
  row_security: 'off',
  // A worker whose machine vanished must not hold its locks for hours.
  idle_in_transaction_session_timeout: '60000',
  tcp_keepalives_idle: '20',
} as const;

/**
 * UTF-8, but for a database of SQL_ASCII: it holds bytes of any encoding, and would end a whole reading at the first that
 * are no UTF-8. They come as they are, and each row is looked at by itself.
 */
const encoding = `set_config('client_encoding',
  case current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, false)`;

/** An open connection with the session settings of the engine. The caller ends it. */
export async function connect(
  config: ClientConfig,
  options: { readOnly?: boolean; lockTimeoutMs?: number } = {},
): Promise<Client> {
  const client = new pg.Client({ keepAlive: true, ...config });
  // Without a listener a connection lost between queries would end the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  const settings = Object.entries({
    ...sessionSettings,
    ...(options.readOnly ? { default_transaction_read_only: 'on' } : {}),
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: String(options.lockTimeoutMs) }),
  });
  try {
    await client.query(
      `select ${settings.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`).join(', ')}, ${encoding}`,
      settings.flat(),
    );
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}
