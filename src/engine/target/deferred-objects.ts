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

/** When secondary indexes of an empty table are made: in one go after its load, or as they are, row by row. */
export type IndexPolicy = 'after_migration' | 'during_migration';

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
 * Puts back what is off, one transaction an object, so that a crash repeats one object at most. Indexes are built side by
 * side, as many as the server gives workers to one build (max_parallel_maintenance_workers). Foreign keys come last: they
 * need the unique indexes. `table` undefined: all tables of the run.
 */
export async function rebuildObjects(
  client: Client,
  run: string,
  table: string | undefined,
  progress: (done: number, of: number) => void,
  options: {
    /** looked at between objects */
    pause?: AbortSignal;
    /** opens further connections to the target; without it, one object is built after the other */
    connect?: () => Promise<Client>;
    at?: PassPoint | undefined;
  } = {},
): Promise<number> {
  const { rows } = await client.query<Deferred>(
    `select target_table as table, name, kind, definition from migration.deferred_objects
     where run = $1 and ($2::text is null or target_table = $2) and rebuilt_at is null
     order by target_table, name`,
    [run, table ?? null],
  );
  let done = 0;
  const rebuild = async (builder: Client, object: Deferred): Promise<void> => {
    options.pause?.throwIfAborted();
    progress(done, rows.length);
    await inTransaction(builder, async () => {
      // Claimed before it is built: an attempt beside this one waits here, and then finds it done.
      const { rowCount } = await builder.query(
        `update migration.deferred_objects set rebuilt_at = now()
         where run = $1 and target_table = $2 and name = $3 and rebuilt_at is null`,
        [run, object.table, object.name],
      );
      if (rowCount === 1) await builder.query(object.definition);
      options.at?.('in-index-build');
    });
    done++;
    options.at?.('object-back');
  };

  // Constraints lock the table against each other, and are made one by one.
  const indexes = rows.filter(({ kind }) => kind === 'index');
  const waiting = [...indexes];
  const build = async (builder: Client): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await rebuild(builder, next);
  };
  await withBuilders(
    client,
    Math.min(await buildsSideBySide(client), indexes.length),
    options.connect,
    build,
  );
  for (const kind of ['unique', 'foreign-key'])
    for (const object of rows) if (object.kind === kind) await rebuild(client, object);
  if (table !== undefined) await client.query(`analyze ${quoteTable(table)}`);
  return rows.length;
}

interface Deferred extends Pick<TableObject, 'name' | 'kind' | 'definition'> {
  readonly table: string;
}

async function buildsSideBySide(client: Client): Promise<number> {
  const { rows } = await client.query<{ workers: number }>(
    `select current_setting('max_parallel_maintenance_workers')::int as workers`,
  );
  return Math.max(1, rows[0]?.workers ?? 1);
}

/** Lets so many build at once, over connections of their own but for the first. When one fails, all are waited for. */
async function withBuilders(
  first: Client,
  count: number,
  connect: (() => Promise<Client>) | undefined,
  build: (builder: Client) => Promise<void>,
): Promise<void> {
  const opened = connect ? await Promise.allSettled(Array.from({ length: count - 1 }, () => connect())) : [];
  // A server without room for more connections builds with those that there are.
  const others = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const ends = await Promise.allSettled([first, ...others].map((builder) => build(builder)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    await Promise.all(others.map((client) => client.end().catch(() => undefined)));
  }
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
