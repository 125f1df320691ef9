import type { DatabaseUrl } from '../../config/database-url.js';
import { poolConfigOf } from '../../config/pool-config.js';
import { mysqlConfigOf } from '../mysql/connect.js';
import { openMysqlSource } from '../mysql/source.js';
import { openPostgresSource } from '../postgres/source.js';
import type { SourceDatabase } from './types.js';

/**
 * Opens a legacy database of either dialect. Readings last as long as they must, so no statement has a limit. Throws
 * ERR_001 when it cannot be reached or does not let us in.
 */
export async function openSource(
  url: DatabaseUrl,
  settings: { readonly connectionTimeoutMs: number },
): Promise<SourceDatabase> {
  if (url.dialect === 'mysql') return openMysqlSource(mysqlConfigOf(url, settings));
  const database = { ...settings, poolSize: 1, idleTimeoutMs: 0 };
  return openPostgresSource(poolConfigOf(url, { database, limits: { timeoutMs: 0 } }));
}
