import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { describeTable } from '../postgres/introspect.js';
import { locateRow } from '../postgres/split-rows.js';
import { RawRow } from '../row.js';
import { textOf, type TextReader } from '../values/wire-text.js';
import { KeyArray } from './key-array.js';
import type { PreparedChunk } from './prepared-chunk.js';
import { rowFaultOf } from './row-fault.js';

/** A constraint or unique index of a target table, as its catalog has it. */
interface Constraint {
  /** check, foreign key, primary key, unique */
  readonly kind: 'c' | 'f' | 'p' | 'u';
  readonly expression: string | null;
  readonly columns: readonly string[];
  readonly types: readonly string[];
  /** quoted; of a foreign key */
  readonly parent: string | null;
  readonly parentColumns: readonly string[];
}

/** What keeps one look at a whole chunk from finding the rows is left out: they are found one by one. */
const constraintQuery = `
  with found as (
    select k.conrelid as table, k.contype::text as kind, pg_get_expr(k.conbin, k.conrelid) as expression, k.conkey as key,
      case when k.contype = 'f' then k.confrelid end as parent, k.confkey as "parentKey"
    from pg_constraint k
    where k.conrelid = to_regclass($1) and k.conname = $2 and k.contype in ('c', 'f', 'p', 'u')
      and k.confrelid <> k.conrelid and k.confmatchtype in (' ', 's')
    union all
    select i.indrelid, 'u', null, (i.indkey::int2[])[0:i.indnkeyatts - 1], null, null
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass($1) and c.relname = $2 and i.indisunique and i.indpred is null and i.indexprs is null
      and coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false) = false
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)
  )
  select kind, expression, parent::regclass::text as parent,
    array(select attname::text from unnest(key) with ordinality c(n, o)
      join pg_attribute on attrelid = found.table and attnum = c.n order by o) as columns,
    array(select format_type(atttypid, atttypmod) from unnest(key) with ordinality c(n, o)
      join pg_attribute on attrelid = found.table and attnum = c.n order by o) as types,
    array(select attname::text from unnest("parentKey") with ordinality c(n, o)
      join pg_attribute on attrelid = found.parent and attnum = c.n order by o) as "parentColumns"
  from found`;

/**
 * Those of the given tuples that break a constraint, found in one look of the server at the columns concerned: a chunk
 * with a hundred bad rows costs little more than one without. Undefined where that cannot be told (an expression over
 * columns that are not written, a reference of the table to itself). In an open transaction `inTransaction` keeps it whole.
 *
 * Of rows that share a unique key among themselves none is found: the first one may stay.
 */
export async function violations(
  client: Client,
  table: string,
  name: string,
  chunk: PreparedChunk,
  tuples: Int32Array,
  inTransaction: boolean,
): Promise<readonly number[] | undefined> {
  const look = await lookOf(client, table, name, chunk.columns);
  if (!look) return undefined;
  if (inTransaction) await client.query('savepoint look');
  try {
    const { rows } = await client.query<{ n: number }>(look.query, valuesOf(look.readers, chunk, tuples));
    if (inTransaction) await client.query('release savepoint look');
    return rows.map(({ n }) => tuples[n - 1] as number);
  } catch (error) {
    if (!rowFaultOf(error)) throw error;
    // Whatever the expression stumbles over is found row by row, where the server says what it is.
    if (inTransaction) await client.query('rollback to savepoint look; release savepoint look');
    return undefined;
  }
}

/** How one constraint is looked at: its query, and what reads the values that it asks for. */
interface Look {
  readonly query: string;
  readonly readers: readonly TextReader[];
}

/** By connection: asked of the catalog once, not once a chunk. */
const looks = new WeakMap<Client, Map<string, Look | undefined>>();

async function lookOf(
  client: Client,
  table: string,
  name: string,
  written: readonly string[],
): Promise<Look | undefined> {
  const known = looks.get(client) ?? new Map<string, Look | undefined>();
  looks.set(client, known);
  const key = JSON.stringify([table, name, written]);
  if (!known.has(key)) known.set(key, await makeLook(client, table, name, written));
  return known.get(key);
}

async function makeLook(
  client: Client,
  table: string,
  name: string,
  written: readonly string[],
): Promise<Look | undefined> {
  const { rows } = await client.query<Constraint>(constraintQuery, [quoteTable(table), name]);
  const [constraint] = rows;
  if (!constraint || constraint.columns.length === 0) return undefined;
  const { columns, types } = constraint;
  if (!columns.every((column) => written.includes(column))) return undefined;
  const described = await describeTable(client, table, quoteTable(table));
  const readers = columns.map((wanted) => {
    const column = described?.columns.find((candidate) => candidate.name === wanted);
    if (!column) throw new Error(`${table} has no column ${wanted}`);
    return textOf({ ...column, field: written.indexOf(wanted) });
  });
  const typed = columns.map((column, i) => `k.c${i}::${types[i]} as ${quoteIdent(column)}`);
  const query = `select v.n::int4 as n
    from (
      select k.n, ${typed.join(', ')}
      from unnest(${columns.map((_, i) => `$${i + 1}::text[]`).join(', ')})
        with ordinality k(${columns.map((_, i) => `c${i}`).join(', ')}, n)
    ) v
    where ${brokenCondition(table, constraint)} order by v.n`;
  return { query, readers };
}

function brokenCondition(
  table: string,
  { kind, expression, columns, parent, parentColumns }: Constraint,
): string {
  if (kind === 'c') return `not (${expression})`;
  const others = kind === 'f' ? parentColumns : columns;
  const same = columns.map((column, i) => `o.${quoteIdent(others[i] as string)} = v.${quoteIdent(column)}`);
  const there = `exists (select from ${kind === 'f' ? parent : quoteTable(table)} o where ${same.join(' and ')})`;
  if (kind !== 'f') return there;
  const filled = columns.map((column) => `v.${quoteIdent(column)} is not null`);
  return `${filled.join(' and ')} and not ${there}`;
}

/** For each column an array of its texts by tuple, as a parameter. */
function valuesOf(readers: readonly TextReader[], chunk: PreparedChunk, tuples: Int32Array): Buffer[] {
  const row = new RawRow(chunk.columns.length);
  const { bytes } = chunk.tuples;
  const values = readers.map(() => new KeyArray('text'));
  for (const tuple of tuples) {
    locateRow({ bytes, offsets: chunk.tupleStarts, rows: chunk.targetKeys.count }, tuple, row);
    for (let i = 0; i < readers.length; i++) {
      const text = (readers[i] as TextReader)(row);
      if (text === null) values[i]?.pushNull();
      else values[i]?.push(text);
    }
  }
  return values.map((array) => array.parameter());
}
