import type { Config } from '../config/config.js';
import { poolConfigOf } from '../config/pool-config.js';
import type { ConnectionReport } from './connection-report.js';
import { lookAtMysql, mysqlBytes } from './mysql.js';
import { lookAtPostgres, postgresBytes } from './postgres.js';

type SourceConfig = Pick<Config, 'source' | 'database' | 'limits'>;

/** Looks at the source in its dialect. Throws `MigrationError` ERR_001 when it cannot be connected to. */
export function lookAtSource(config: SourceConfig): Promise<ConnectionReport> {
  const { source, database } = config;
  return source.dialect === 'mysql'
    ? lookAtMysql('source', source, database)
    : lookAtPostgres('source', poolConfigOf(source, config));
}

/** Bytes that these legacy tables take in the source, indexes included. */
export function sourceBytes(config: SourceConfig, tables: readonly string[]): Promise<number> {
  const { source, database } = config;
  return source.dialect === 'mysql'
    ? mysqlBytes(source, database, tables)
    : postgresBytes(poolConfigOf(source, config, { statementTimeoutMs: 0 }), tables);
}
