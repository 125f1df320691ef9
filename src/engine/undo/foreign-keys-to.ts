import type { Client } from 'pg';
import { quoteTable } from '../../store/quote.js';

/** A foreign key that leads to a table, wherever in the database it comes from. */
export interface ForeignKeyTo {
  readonly name: string;
  /** the table that has it, for people: with its schema unless that is `public` */
  readonly childTable: string;
  /** the same as SQL, its own rows only */
  readonly child: string;
  readonly columns: readonly {
    readonly child: string;
    readonly parent: string;
    readonly nullable: boolean;
  }[];
  /** to delete a row of the table deletes or changes the rows that refer to it (cascade, set null, set default) */
  readonly carries: boolean;
  /** the table refers to itself */
  readonly own: boolean;
}

/** Keys that a partition has from its partitioned table are that table's own. */
const query = `
  select con.conname as name,
    case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as "childTable",
    case c.relkind when 'p' then '' else 'only ' end || format('%I.%I', n.nspname, c.relname) as child,
    (
      select json_agg(json_build_object('child', a.attname, 'parent', p.attname, 'nullable', not a.attnotnull)
        order by k.position)
      from unnest(con.conkey, con.confkey) with ordinality k (child, parent, position)
      join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.child
      join pg_attribute p on p.attrelid = con.confrelid and p.attnum = k.parent
    ) as columns,
    con.confdeltype in ('c', 'n', 'd') as carries, con.conrelid = con.confrelid as own
  from pg_constraint con
  join pg_class c on c.oid = con.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  where con.contype = 'f' and con.confrelid = to_regclass($1)
    and not exists (
      select from pg_constraint above where above.oid = con.conparentid and above.confrelid = con.confrelid
    )
  order by n.nspname, c.relname, con.conname`;

export async function foreignKeysTo(client: Client, table: string): Promise<ForeignKeyTo[]> {
  const { rows } = await client.query<ForeignKeyTo>(query, [quoteTable(table)]);
  return rows;
}
