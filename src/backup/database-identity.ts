import type { DatabaseIdentity } from './manifest.js';
import type { Transaction } from './transaction.js';

/** Which database this is, beyond its address. */
export async function databaseIdentity(transaction: Transaction): Promise<DatabaseIdentity> {
  const [found] = await transaction.query<{ database: string; maySeeIdentifier: boolean }>(`
    select current_database() as database,
      has_function_privilege('pg_control_system()', 'execute') as "maySeeIdentifier"`);
  if (found === undefined) throw new Error('current_database() returned no row');
  const [control] = found.maySeeIdentifier
    ? await transaction.query<{ id: string }>('select system_identifier::text as id from pg_control_system()')
    : [];
  const { host, port } = transaction.client;
  return { host, port, database: found.database, systemIdentifier: control?.id ?? null };
}

/** Whether both are the same database, as far as can be told. The address alone does not count: poolers change it. */
export function sameDatabase(a: DatabaseIdentity, b: DatabaseIdentity): boolean {
  if (a.database !== b.database) return false;
  if (a.systemIdentifier === null || b.systemIdentifier === null)
    return a.host === b.host && a.port === b.port;
  return a.systemIdentifier === b.systemIdentifier;
}

export function addressOf({ host, port, database }: DatabaseIdentity): string {
  return `${database} on ${host}:${port}`;
}
