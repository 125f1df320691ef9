import type { ClientBase } from 'pg';
import { quoteTable } from '../../store/quote.js';
import type { TargetColumn } from '../transform/types.js';
import type { KeyKind } from './key-array.js';

/** A target table as introspection found it. */
export interface TargetTable {
  readonly name: string;
  /** columns that can be written: generated ones are left out */
  readonly columns: readonly TargetColumn[];
  /** primary key columns in order */
  readonly key: readonly string[];
  readonly keyKind: KeyKind;
}

/** Undefined when there is no such table. */
export async function describeTarget(client: ClientBase, name: string): Promise<TargetTable | undefined> {
  const { rows } = await client.query<TargetColumn & { keyPosition: number | null }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
       array_position(i.indkey::int2[], a.attnum) as "keyPosition"
     from pg_attribute a
     left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
     where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     order by a.attnum`,
    [quoteTable(name)],
  );
  if (rows.length === 0) return undefined;
  const key = rows
    .filter((row) => row.keyPosition !== null)
    .sort((a, b) => Number(a.keyPosition) - Number(b.keyPosition));
  return {
    name,
    columns: rows.map(({ name: column, type, nullable }) => ({ name: column, type, nullable })),
    key: key.map((column) => column.name),
    keyKind: keyKindOf(key.map((column) => column.type)),
  };
}

function keyKindOf(types: readonly string[]): KeyKind {
  if (types.length !== 1) return 'text';
  if (types[0] === 'uuid') return 'uuid';
  return /^(smallint|integer|bigint)$/.test(types[0] as string) ? 'bigint' : 'text';
}
