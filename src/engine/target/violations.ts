import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { describeTable } from '../postgres/introspect.js';
import { locateRow } from '../postgres/split-rows.js';
import { RawRow } from '../row.js';
import { textOf } from '../values/wire-text.js';
import type { PreparedChunk } from './prepared-chunk.js';

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
 * columns that are not written, a reference of the table to itself).
 *
 * Of rows that share a unique key among themselves none is found: the first one may stay.
 */
export async function violations(
  client: Client,
  table: string,
  name: string,
  chunk: PreparedChunk,
  tuples: readonly number[],
): Promise<readonly number[] | undefined> {
  const { rows } = await client.query<Constraint>(constraintQuery, [quoteTable(table), name]);
  const [constraint] = rows;
  const written = new Set(chunk.columns);
  if (
    !constraint ||
    constraint.columns.length === 0 ||
    !constraint.columns.every((column) => written.has(column))
  )
    return undefined;
  const values = await valuesOf(client, table, constraint.columns, chunk, tuples);
  const typed = constraint.columns.map(
    (column, i) => `k.c${i}::${constraint.types[i]} as ${quoteIdent(column)}`,
  );
  await client.query('savepoint look');
  try {
    const broken = await client.query<{ n: number }>(
      `select v.n::int4 as n
       from (
         select k.n, ${typed.join(', ')}
         from unnest(${values.map((_, i) => `$${i + 1}::text[]`).join(', ')})
           with ordinality k(${values.map((_, i) => `c${i}`).join(', ')}, n)
       ) v
       where ${brokenCondition(table, constraint)} order by v.n`,
      values,
    );
    return broken.rows.map(({ n }) => tuples[n - 1] as number);
  } catch {
    // Whatever the expression stumbles over is found row by row, where the server says what it is.
    await client.query('rollback to savepoint look');
    return undefined;
  } finally {
    await client.query('release savepoint look');
  }
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

/** For each column its texts by tuple. */
async function valuesOf(
  client: Client,
  table: string,
  columns: readonly string[],
  chunk: PreparedChunk,
  tuples: readonly number[],
): Promise<(string | null)[][]> {
  const described = await describeTable(client, table, quoteTable(table));
  const readers = columns.map((name) => {
    const column = described?.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`${table} has no column ${name}`);
    return textOf({ ...column, field: chunk.columns.indexOf(name) });
  });
  const row = new RawRow(chunk.columns.length);
  const { bytes } = chunk.tuples;
  const offsets = Int32Array.from(chunk.tupleStarts);
  const values = columns.map((): (string | null)[] => []);
  for (const tuple of tuples) {
    locateRow({ bytes, offsets, rows: chunk.targetKeys.count }, tuple, row);
    for (const [i, read] of readers.entries()) (values[i] as (string | null)[]).push(read(row));
  }
  return values;
}
