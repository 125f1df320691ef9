import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import { quoteTable } from '../../store/quote.js';

/**
 * Takes off the foreign keys by which these tables refer to `table`, in the open transaction: their rows come in line
 * only after the rows that they refer to. Each definition stands in `migration.deferred_objects` first; they come back
 * when the step of the referring table is completed. Throws ERR_002 where a table is not ours to alter: left on, the key
 * would stop the catch-up half way, or carry rows off that nobody meant.
 */
export async function takeOffForeignKeys(
  client: Client,
  run: string,
  table: string,
  referring: readonly string[],
): Promise<void> {
  for (const child of new Set(referring)) {
    const { rows } = await client.query<{ name: string; drop: string; definition: string; ours: boolean }>(
      `select k.conname as name, format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname) as drop,
         format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) as definition,
         pg_has_role(c.relowner, 'USAGE') as ours
       from pg_constraint k join pg_class c on c.oid = k.conrelid
       where k.contype = 'f' and k.conrelid = to_regclass($1) and k.confrelid = to_regclass($2) and k.conparentid = 0`,
      [quoteTable(child), quoteTable(table)],
    );
    for (const { name, drop, definition, ours } of rows) {
      if (!ours)
        throw new MigrationError(
          'ERR_002',
          `The foreign key ${name} of ${child} has to come off while rows of ${table} go, and ${child} is not ours to alter.`,
          {
            next: `Let our user own ${child}, or be a member of its owner; then send the update retry.`,
            place: { server: 'target', table: child },
          },
        );
      await client.query(
        `insert into migration.deferred_objects (run, target_table, name, kind, definition)
         values ($1, $2, $3, 'foreign-key', $4)
         on conflict (run, target_table, name) do update set definition = excluded.definition, rebuilt_at = null`,
        [run, child, name, definition],
      );
      await client.query(drop);
    }
  }
}
