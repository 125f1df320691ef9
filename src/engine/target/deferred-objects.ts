import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';

/**
 * Secondary indexes and foreign keys of an empty table are taken off before its load and put back after it: their cost
 * then is one sort instead of a look-up a row. The primary key stays. Each object's definition stands in
 * `migration.deferred_objects` before it is dropped, in the same transaction, so that no crash can lose one.
 */
interface TableObject {
  readonly name: string;
  readonly kind: 'index' | 'unique' | 'foreign-key';
  readonly drop: string;
  readonly definition: string;
}

/** What may come off: nothing that another table's foreign key, replication or clustering rests on. */
const objectsQuery = `
  select c.relname as name, 'index' as kind, format('drop index %s', c.oid::regclass) as drop,
    pg_get_indexdef(c.oid) as definition
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = to_regclass($1) and not i.indisprimary and not i.indisreplident and not i.indisclustered
    and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)
  union all
  select k.conname, 'unique', format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname),
    format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
  from pg_constraint k join pg_index i on i.indexrelid = k.conindid
  where k.conrelid = to_regclass($1) and k.contype = 'u' and not i.indisreplident and not i.indisclustered
    and not exists (select 1 from pg_constraint f where f.contype = 'f' and f.conindid = k.conindid)
  union all
  select k.conname, 'foreign-key', format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname),
    format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
  from pg_constraint k where k.conrelid = to_regclass($1) and k.contype = 'f'`;

/** Takes the objects off when the table is empty and ours to alter. Does nothing the second time. */
export async function deferObjects(client: Client, run: string, table: string): Promise<void> {
  await inTransaction(client, async () => {
    const { rows } = await client.query<{ ready: boolean }>(
      `select not exists (select 1 from ${quoteTable(table)})
         and pg_has_role(c.relowner, 'USAGE')
         and not exists (select 1 from migration.deferred_objects where run = $2 and target_table = $3) as ready
       from pg_class c where c.oid = to_regclass($1)`,
      [quoteTable(table), run, table],
    );
    if (rows[0]?.ready) {
      const objects = await client.query<TableObject>(objectsQuery, [quoteTable(table)]);
      for (const { name, kind, drop, definition } of objects.rows) {
        await client.query(
          'insert into migration.deferred_objects (run, target_table, name, kind, definition) values ($1, $2, $3, $4, $5)',
          [run, table, name, kind, definition],
        );
        await client.query(drop);
      }
    }
  });
}

/**
 * Puts back what is off, one transaction an object, so that a crash repeats one object at most. Foreign keys come last:
 * they need the unique indexes. `table` undefined: all tables of the run.
 */
export async function rebuildObjects(
  client: Client,
  run: string,
  table: string | undefined,
  progress: (done: number, of: number) => void,
  options: {
    /** looked at between objects */
    pause?: AbortSignal;
    at?: PassPoint | undefined;
  } = {},
): Promise<number> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `select target_table as table, name, definition from migration.deferred_objects
     where run = $1 and ($2::text is null or target_table = $2) and rebuilt_at is null
     order by case kind when 'index' then 1 when 'unique' then 1 else 2 end, target_table, name`,
    [run, table ?? null],
  );
  for (const [done, object] of rows.entries()) {
    options.pause?.throwIfAborted();
    progress(done, rows.length);
    await inTransaction(client, async () => {
      // Claimed before it is built: an attempt beside this one waits here, and then finds it done.
      const { rowCount } = await client.query(
        `update migration.deferred_objects set rebuilt_at = now()
         where run = $1 and target_table = $2 and name = $3 and rebuilt_at is null`,
        [run, object.table, object.name],
      );
      if (rowCount === 1) await client.query(object.definition);
      options.at?.('in-index-build');
    });
    options.at?.('object-back');
  }
  if (table !== undefined) await client.query(`analyze ${quoteTable(table)}`);
  return rows.length;
}

/** Forgets what is back, so that a step whose rows are gone may take it off again. `table` undefined: of all tables. */
export async function forgetRebuilt(client: Client, run: string, table: string | undefined): Promise<void> {
  await client.query(
    `delete from migration.deferred_objects
     where run = $1 and ($2::text is null or target_table = $2) and rebuilt_at is not null`,
    [run, table ?? null],
  );
}

/** How many objects of the run are off at this moment. */
export async function countDeferred(client: Client, run: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::int as count from migration.deferred_objects where run = $1 and rebuilt_at is null',
    [run],
  );
  return rows[0]?.count ?? 0;
}
