import type { ClientBase } from 'pg';
import type { SourceColumn, WireKind } from '../row.js';
import type { SourceTable } from '../source/types.js';

/** Types whose binary form the engine reads itself; everything else is asked for as text. */
const kinds: Readonly<Record<string, WireKind>> = {
  text: 'text',
  varchar: 'text',
  name: 'text',
  citext: 'text',
  uuid: 'uuid',
  bool: 'bool',
  int2: 'int2',
  int4: 'int4',
  int8: 'int8',
  numeric: 'numeric',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  date: 'date',
  json: 'json',
  jsonb: 'jsonb',
};

const columnsQuery = `
  with recursive base as (
    select a.attnum, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) as declared, t.oid, t.typname,
      t.typtype, t.typbasetype, t.typcategory
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    union all
    select b.attnum, b.attname, b.attnotnull, b.declared, t.oid, t.typname, t.typtype, t.typbasetype, t.typcategory
    from base b join pg_type t on t.oid = b.typbasetype where b.typtype = 'd'
  )
  select attname as name, attnotnull as "notNull", declared, typname as type, typtype, typcategory
  from base where typtype <> 'd' order by attnum`;

/** Primary key first, then the narrowest unique index over plain columns that are all not null. */
const keyQuery = `
  select array_agg(a.attname::text order by k.position) as columns
  from pg_index i
  cross join unnest(i.indkey::int2[]) with ordinality k(attnum, position)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid and i.indpred is null
    and i.indexprs is null and k.position <= i.indnkeyatts
  group by i.indexrelid, i.indisprimary, i.indnkeyatts
  having bool_and(a.attnotnull)
  order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
  limit 1`;

/**
 * What the planner's statistics say of the first key column tells whether rows lie in the order of the key; a table that
 * was never analyzed is taken for one where they do not.
 */
const factsQuery = `
  select has_table_privilege(c.oid, 'SELECT') as readable, row_security_active(c.oid) as "hidesRows", coalesce((
    select max(abs(s.correlation)) > 0.9 from pg_stats s
    where (s.schemaname, s.tablename, s.attname) = (n.nspname, c.relname, $2::text)), false) as clustered
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`;

interface ColumnRow {
  name: string;
  notNull: boolean;
  declared: string;
  type: string;
  typtype: string;
  typcategory: string;
}

/** A table by its quoted, optionally qualified name; undefined when it does not exist. */
export async function describeTable(
  client: ClientBase,
  name: string,
  quoted: string,
): Promise<SourceTable | undefined> {
  const { rows } = await client.query<ColumnRow>(columnsQuery, [quoted]);
  if (rows.length === 0) return undefined;
  const key = await client.query<{ columns: string[] }>(keyQuery, [quoted]);
  const [first] = key.rows[0]?.columns ?? [];
  const facts = await client.query<Pick<SourceTable, 'readable' | 'hidesRows' | 'clustered'>>(factsQuery, [
    quoted,
    first,
  ]);
  return {
    name,
    columns: rows.map(sourceColumn),
    key: key.rows[0]?.columns ?? [],
    readable: facts.rows[0]?.readable ?? false,
    hidesRows: facts.rows[0]?.hidesRows ?? false,
    clustered: facts.rows[0]?.clustered ?? false,
  };
}

function sourceColumn(row: ColumnRow, field: number): SourceColumn {
  const kind = row.typtype === 'e' ? 'text' : (kinds[row.type] ?? (isNested(row) ? 'jsonb' : 'text'));
  return { name: row.name, type: row.declared, nullable: !row.notNull, kind, encoding: 'pg-binary', field };
}

function isNested(row: ColumnRow): boolean {
  return row.typcategory === 'A' || row.typtype === 'c';
}

/** The SQL that selects a column in the form that `kind` promises. */
export function selectExpression(column: SourceColumn, quoted: string): string {
  if (column.kind === 'jsonb' && column.type !== 'jsonb') return `to_jsonb(${quoted})`;
  if (column.kind === 'text' && !/^(text|character varying|name|citext)/.test(column.type))
    return `${quoted}::text`;
  return quoted;
}
