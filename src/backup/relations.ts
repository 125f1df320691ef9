import { MigrationError } from '../contract/errors.js';
import { quoteName } from '../store/quote.js';
import type { Transaction } from './transaction.js';

/** A column as the catalog has it. */
export interface Column {
  readonly name: string;
  /** as in CREATE TABLE: `numeric(12,2)` */
  readonly type: string;
  readonly typeOid: number;
  /** a type of PostgreSQL's own, whose binary form means the same on every server */
  readonly portable: boolean;
  readonly notNull: boolean;
  /** SQL text of the default or of the generating expression */
  readonly expression: string | null;
  readonly generated: boolean;
  readonly identity: 'always' | 'by default' | null;
}

export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  /** int8 as text */
  readonly lastValue: string;
  readonly isCalled: boolean;
}

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** how to read all its rows and no others, as SQL */
  readonly from: string;
  readonly partitioned: boolean;
  readonly columns: readonly Column[];
  readonly sequences: readonly SequenceState[];
}

interface RelationRow {
  readonly oid: number;
  readonly table: string;
  readonly kind: 'r' | 'p';
  readonly columns: readonly Column[];
}

const relationsQuery = `
  select c.oid, c.relname as "table", c.relkind as kind,
    coalesce(
      (
        select json_agg(
          json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'typeOid', a.atttypid::bigint,
            'portable', coalesce(
              t.oid < 16384 and element.typnamespace = 'pg_catalog'::regnamespace
                and element.typtype in ('b', 'r', 'm') and element.typname !~ '^reg'
                and element.typsend <> 0 and element.typreceive <> 0,
              false
            ),
            'notNull', a.attnotnull,
            'expression', pg_get_expr(d.adbin, d.adrelid),
            'generated', a.attgenerated <> '',
            'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end
          )
          order by a.attnum
        )
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        join pg_type element on element.oid = case when t.typcategory = 'A' then t.typelem else t.oid end
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ),
      '[]'
    ) as columns
  from pg_class c
  where c.relnamespace = (select oid from pg_namespace where nspname = $1)
    and c.relname = any ($2) and c.relkind in ('r', 'p')`;

/**
 * Sequences that these tables own (serial, identity) or that their defaults draw from. One that is nobody's own and
 * that a table outside the set draws from as well does not belong to the set: setting it back could give that table a
 * number twice.
 */
const sequencesQuery = `
  with uses as (
    select d.refobjid as relation, d.objid as sequence, true as owned
    from pg_depend d
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    union
    select a.adrelid, d.refobjid, false
    from pg_attrdef a
    join pg_depend d
      on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid and d.refclassid = 'pg_class'::regclass
  )
  select distinct u.relation as oid, n.nspname as schema, s.relname as name
  from uses u
  join pg_class s on s.oid = u.sequence and s.relkind = 'S'
  join pg_namespace n on n.oid = s.relnamespace
  where u.relation = any ($1::oid[])
    and (
      u.owned
      or not exists (
        select from uses o
        join pg_class r on r.oid = o.relation
        where o.sequence = u.sequence and o.relation <> all ($1::oid[]) and not r.relispartition
      )
    )
  order by n.nspname, s.relname`;

/** The tables of the schema that exist, in the order asked for; the others are left out. */
export async function describeRelations(
  transaction: Transaction,
  schema: string,
  tables: readonly string[],
): Promise<Relation[]> {
  const found = await transaction.query<RelationRow>(relationsQuery, [schema, tables]);
  const sequences = await transaction.query<{ oid: number; schema: string; name: string }>(sequencesQuery, [
    found.map((row) => row.oid),
  ]);
  const relations: Relation[] = [];
  for (const table of new Set(tables)) {
    const row = found.find((candidate) => candidate.table === table);
    if (row === undefined) continue;
    const states: SequenceState[] = [];
    for (const sequence of sequences.filter(({ oid }) => oid === row.oid))
      states.push(await sequenceState(transaction, sequence));
    const qualified = quoteName(schema, table);
    const partitioned = row.kind === 'p';
    relations.push({
      oid: row.oid,
      schema,
      table,
      // Tables that inherit from this one are tables of their own; partitions are parts of it.
      from: partitioned ? qualified : `only ${qualified}`,
      partitioned,
      columns: row.columns,
      sequences: states,
    });
  }
  return relations;
}

/** As `describeRelations`, but missing tables are an error (ERR_002) that names them, and so is to ask for none. */
export async function requireRelations(
  transaction: Transaction,
  schema: string,
  tables: readonly string[],
): Promise<Relation[]> {
  if (tables.length === 0)
    throw new MigrationError('ERR_002', 'No tables were named to back up or restore.', {
      next: 'Name at least one table.',
    });
  const relations = await describeRelations(transaction, schema, tables);
  const missing = tables.filter((table) => !relations.some((relation) => relation.table === table));
  if (missing.length > 0)
    throw new MigrationError(
      'ERR_002',
      `The ${transaction.label} database has no table ${missing.join(', ')} in schema ${schema}.`,
      {
        next: 'Bring the schema up to date, then retry.',
        place: { server: transaction.label },
      },
    );
  return relations;
}

async function sequenceState(
  transaction: Transaction,
  { schema, name }: { schema: string; name: string },
): Promise<SequenceState> {
  const [state] = await transaction.query<{ lastValue: string; isCalled: boolean }>(
    `select last_value::text as "lastValue", is_called as "isCalled" from ${quoteName(schema, name)}`,
  );
  if (state === undefined) throw new Error(`sequence ${schema}.${name} has no state`);
  return { schema, name, ...state };
}
