import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Client } from 'pg';
import { schemaFolder } from '../plan/schema-folder.js';

/** One number for all of ours: two workers that start at once must not make the same tables. */
const lock = 7_213_004_711;

/** Makes the run's own tables in the target, or brings them up to date. */
export async function migrateStore(client: Client): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [lock]);
  try {
    await migrate(drizzle({ client }), {
      migrationsFolder: schemaFolder(import.meta.url, './sql'),
      migrationsSchema: 'migration',
      migrationsTable: 'store_migrations',
    });
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lock]);
  }
}
