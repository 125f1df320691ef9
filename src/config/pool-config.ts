import type { PoolConfig } from 'pg';
import type { ConnectionOptions } from 'node:tls';
import type { Config } from './config.js';
import type { DatabaseUrl } from './database-url.js';

/** Our name in the server's `pg_stat_activity` and log. */
export const applicationName = 'nxt-migrate';

export interface PoolConfigOverrides {
  /** Connections at most, instead of DATABASE_POOL_SIZE. */
  readonly max?: number;
  /**
   * Limit of one statement in milliseconds, instead of MIGRATION_TIMEOUT; 0 for none. A COPY that streams a
   * whole range needs 0: it lasts as long as the other side takes, and is watched by its heartbeat.
   */
  readonly statementTimeoutMs?: number;
}

/**
 * What `pg` needs for a PostgreSQL database, good for a `Pool` and for a `Client`. It holds the password:
 * not to be logged. The environment's PGSSLMODE has no say, since `ssl` is always given.
 *
 *     const pool = new pg.Pool(poolConfigOf(config.target, config));
 */
export function poolConfigOf(
  url: DatabaseUrl,
  config: Pick<Config, 'database'> & { readonly limits: Pick<Config['limits'], 'timeoutMs'> },
  overrides: PoolConfigOverrides = {},
): PoolConfig {
  const { password } = url.credentials();
  return {
    host: url.host,
    port: url.port,
    database: url.database,
    ...(url.user === undefined ? {} : { user: url.user }),
    ...(password === undefined ? {} : { password }),
    ...(url.options === undefined ? {} : { options: url.options }),
    ssl: tlsOf(url),
    enableChannelBinding: url.channelBinding,
    application_name: applicationName,
    max: overrides.max ?? config.database.poolSize,
    idleTimeoutMillis: config.database.idleTimeoutMs,
    connectionTimeoutMillis: config.database.connectionTimeoutMs,
    statement_timeout: overrides.statementTimeoutMs ?? config.limits.timeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/**
 * libpq's `sslmode` for Node. `require` encrypts without checking who answers, unless the URL names a CA,
 * which makes it `verify-ca`; `verify-ca` checks the CA but not the host's name; `verify-full` checks both,
 * with the CAs that Node ships where the URL names none.
 */
function tlsOf(url: DatabaseUrl): ConnectionOptions | false {
  const { tls } = url.credentials();
  if (url.sslMode === 'disable') return false;
  if (url.sslMode === 'verify-full') return { ...tls, rejectUnauthorized: true };
  const checksTheCa = url.sslMode === 'verify-ca' || tls.ca !== undefined;
  return checksTheCa
    ? { ...tls, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { ...tls, rejectUnauthorized: false };
}
