/**
 * Foreign keys around a set of tables that is emptied and filled again. They are dropped and made anew inside the
 * transaction: turning their checks off takes a superuser, and one check of the whole table is cheaper than one a row.
 */
import { quoteIdent, quoteLiteral, quoteName } from '../store/quote.js';
import type { Transaction } from './transaction.js';

export interface ForeignKey {
  readonly name: string;
  readonly childOid: number;
  readonly childSchema: string;
  readonly childTable: string;
  readonly childColumns: readonly string[];
  readonly childPartitioned: boolean;
  readonly parentOid: number;
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  readonly parentPartitioned: boolean;
  /** as `ALTER TABLE … ADD CONSTRAINT name` takes it */
  readonly definition: string;
  readonly comment: string | null;
}

/** Keys that a partition has from its partitioned table come and go with that table's own. */
const foreignKeysQuery = `
  select con.conname as name,
    child.oid as "childOid", child_schema.nspname as "childSchema", child.relname as "childTable",
    child.relkind = 'p' as "childPartitioned",
    parent.oid as "parentOid", parent_schema.nspname as "parentSchema", parent.relname as "parentTable",
    parent.relkind = 'p' as "parentPartitioned",
    (
      select json_agg(a.attname order by k.position)
      from unnest(con.conkey) with ordinality k (attnum, position)
      join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.attnum
    ) as "childColumns",
    (
      select json_agg(a.attname order by k.position)
      from unnest(con.confkey) with ordinality k (attnum, position)
      join pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.attnum
    ) as "parentColumns",
    pg_get_constraintdef(con.oid) as definition,
    obj_description(con.oid, 'pg_constraint') as comment
  from pg_constraint con
  join pg_class child on child.oid = con.conrelid
  join pg_namespace child_schema on child_schema.oid = child.relnamespace
  join pg_class parent on parent.oid = con.confrelid
  join pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
  where con.contype = 'f' and con.conparentid = 0
    and (con.conrelid = any ($1::oid[]) or con.confrelid = any ($1::oid[]))
  order by child_schema.nspname, child.relname, con.conname`;

/** All foreign keys from and to these tables. */
export async function foreignKeysOf(
  transaction: Transaction,
  oids: readonly number[],
): Promise<ForeignKey[]> {
  return transaction.query<ForeignKey>(foreignKeysQuery, [oids]);
}

export async function dropForeignKey(transaction: Transaction, key: ForeignKey): Promise<void> {
  await transaction.query(`alter table ${childOf(key)} drop constraint ${quoteIdent(key.name)}`);
}

/** Makes the key as it was, which checks all rows unless it was NOT VALID. */
export async function addForeignKey(transaction: Transaction, key: ForeignKey): Promise<void> {
  const name = quoteIdent(key.name);
  await transaction.query(`alter table ${childOf(key)} add constraint ${name} ${key.definition}`);
  if (key.comment !== null)
    await transaction.query(
      `comment on constraint ${name} on ${childOf(key)} is ${quoteLiteral(key.comment)}`,
    );
}

/** How many rows point at a parent that is not there. */
export async function countOrphans(transaction: Transaction, key: ForeignKey): Promise<number> {
  const child = key.childPartitioned ? childOf(key) : `only ${childOf(key)}`;
  const parentName = quoteName(key.parentSchema, key.parentTable);
  const parent = key.parentPartitioned ? parentName : `only ${parentName}`;
  const filled = key.childColumns.map((column) => `c.${quoteIdent(column)} is not null`);
  const matches = key.parentColumns.map(
    (column, i) => `p.${quoteIdent(column)} = c.${quoteIdent(key.childColumns[i] ?? column)}`,
  );
  const [found] = await transaction.query<{ orphans: string }>(`
    select count(*)::text as orphans from ${child} c
    where ${filled.join(' and ')}
      and not exists (select from ${parent} p where ${matches.join(' and ')})`);
  return Number(found?.orphans ?? 0);
}

function childOf(key: ForeignKey): string {
  return quoteName(key.childSchema, key.childTable);
}
