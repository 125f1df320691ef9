import { MigrationError } from '../contract/errors.js';
import type { Transaction } from './transaction.js';

/** PostgreSQL cuts longer names; the rest is room for what makes a name unique. */
const longestName = 58;

/** `backup_2025-01-19_10-30-00`, in UTC. */
export function backupName(now: Date): string {
  return `backup_${now.toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')}`;
}

/**
 * A free name for the backup: the wanted one, or that with `_2`, `_3`, … . Nobody else gets it until the transaction
 * ends. A name that another open transaction holds counts as taken, so that a dead attempt is never waited for.
 */
export async function claimName(transaction: Transaction, wanted: string): Promise<string> {
  if (wanted === '' || Buffer.byteLength(wanted) > longestName || /^pg_/i.test(wanted))
    throw new MigrationError('ERR_002', `A backup cannot be named ${JSON.stringify(wanted)}.`, {
      next: `Give a name of 1 to ${longestName} bytes that does not begin with pg_.`,
    });
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}_${count}`;
    const [claim] = await transaction.query<{ free: boolean }>(
      `select pg_try_advisory_xact_lock(hashtextextended('migration_backup ' || $1, 0))
        and not exists (select from pg_namespace where nspname = $1)
        and not exists (select from migration_backup.manifests where name = $1) as free`,
      [name],
    );
    if (claim?.free === true) return name;
  }
}
