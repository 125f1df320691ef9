/** A table as the backup keeps it: plain columns, no defaults, indexes or constraints; those stay in the target. */
import { quoteIdent, quoteName } from '../store/quote.js';
import type { BackedUpColumn, BackedUpTable } from './manifest.js';
import type { Column } from './relations.js';
import type { Transaction } from './transaction.js';

/** The types of these columns that the backup server knows by the same number and name. */
export async function sharedTypes(
  transaction: Transaction,
  columns: readonly Column[],
): Promise<Set<number>> {
  const oids = [...new Set(columns.filter((column) => column.portable).map((column) => column.typeOid))];
  const rows = await transaction.query<{ oid: number }>(
    'select oid from pg_type where oid = any ($1::oid[])',
    [oids],
  );
  return new Set(rows.map((row) => row.oid));
}

/**
 * How a column is kept. A type that only the target knows (enum, domain, composite, of an extension) or that means
 * something only there (regclass) is kept as its text; restoring reads the text as the type again.
 */
export function storedColumn(column: Column, shared: ReadonlySet<number>): BackedUpColumn {
  const { name, type, notNull, expression, generated, identity } = column;
  const storedAs = column.portable && shared.has(column.typeOid) ? type : 'text';
  return { name, type, storedAs, notNull, expression, generated, identity };
}

/** All columns travel as text as soon as one must: only COPY's text form is the same for a type and for its text. */
export function formatFor(
  columns: readonly Column[],
  stored: readonly BackedUpColumn[],
): BackedUpTable['format'] {
  const asTheyAre = columns.every((column, i) => column.portable && stored[i]?.storedAs === column.type);
  return asTheyAre ? 'binary' : 'text';
}

export function createTableSql(
  schema: string,
  table: Pick<BackedUpTable, 'table' | 'columns'>,
  kind: 'logged' | 'unlogged',
): string {
  const columns = table.columns.map(
    ({ name, storedAs, notNull }) => `${quoteIdent(name)} ${storedAs}${notNull ? ' not null' : ''}`,
  );
  const create = kind === 'unlogged' ? 'create unlogged table' : 'create table';
  return `${create} ${quoteName(schema, table.table)} (${columns.join(', ')})`;
}

/** `"public"."t" ("a", "b")`, as COPY wants it. */
export function copyList(schema: string, table: string, columns: readonly string[]): string {
  return `${quoteName(schema, table)} (${columns.map(quoteIdent).join(', ')})`;
}

/** A query for the columns in the order given. */
export function selectSql(from: string, columns: readonly string[]): string {
  return `select ${columns.map(quoteIdent).join(', ')} from ${from}`;
}

export function columnNames(columns: readonly { readonly name: string }[]): string[] {
  return columns.map((column) => column.name);
}
