import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { z } from 'zod';
import type { TargetSchema } from '../plan/model.js';
import { quoteIdent, quoteTable } from '../store/quote.js';

/** What drizzle-kit writes beside each migration: the schema as it is after it. Only what is compared. */
const snapshotSchema = z.object({
  tables: z.record(
    z.string(),
    z.object({
      name: z.string(),
      columns: z.record(z.string(), z.object({ name: z.string(), type: z.string(), notNull: z.boolean() })),
      uniqueConstraints: z.record(z.string(), z.object({ columns: z.array(z.string()) })),
      foreignKeys: z.record(
        z.string(),
        z.object({ tableTo: z.string(), columnsFrom: z.array(z.string()), columnsTo: z.array(z.string()) }),
      ),
    }),
  ),
});
type Snapshot = z.infer<typeof snapshotSchema>;
type ExpectedTable = Snapshot['tables'][string];

const journalSchema = z.object({ entries: z.array(z.object({ idx: z.number() })) });

/**
 * In what the target's tables are something else than the plan's migrations make: types, columns that may be empty,
 * unique and foreign keys. Nothing for a plan whose migrations have no snapshots (written by hand), and for tables that
 * the target does not have.
 */
export async function schemaDifferences(client: Client, schema: TargetSchema): Promise<string[]> {
  const snapshot = await lastSnapshot(schema.migrationsFolder);
  if (!snapshot) return [];
  const problems: string[] = [];
  for (const table of Object.values(snapshot.tables))
    problems.push(...(await tableDifferences(client, table)));
  return problems;
}

async function lastSnapshot(folder: string): Promise<Snapshot | undefined> {
  const meta = (file: string) => path.join(folder, 'meta', file);
  const { entries } = journalSchema.parse(JSON.parse(await readFile(meta('_journal.json'), 'utf8')));
  const last = Math.max(...entries.map((entry) => entry.idx));
  const text = await readFile(meta(`${String(last).padStart(4, '0')}_snapshot.json`), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  return text === undefined ? undefined : snapshotSchema.parse(JSON.parse(text));
}

interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
}

async function tableDifferences(client: Client, expected: ExpectedTable): Promise<string[]> {
  const actual = await columnsOf(client, quoteTable(expected.name));
  if (actual.length === 0) return [];
  const problems: string[] = [];
  const wanted = await asTheServerSays(client, Object.values(expected.columns));
  for (const column of wanted) {
    const found = actual.find(({ name }) => name === column.name);
    const place = `${expected.name}.${column.name}`;
    if (!found) problems.push(`${place}: there is no such column`);
    else if (found.type !== column.type)
      problems.push(`${place}: is ${found.type}, should be ${column.type}`);
    else if (column.notNull && !found.notNull) problems.push(`${place}: may be empty, should not`);
  }
  const keys = await keysOf(client, quoteTable(expected.name));
  for (const { columns } of Object.values(expected.uniqueConstraints))
    if (!keys.has(`unique ${columns.join(',')}`))
      problems.push(`${expected.name}: nothing keeps (${columns.join(', ')}) unique`);
  for (const { columnsFrom, tableTo, columnsTo } of Object.values(expected.foreignKeys))
    if (!keys.has(`foreign ${columnsFrom.join(',')} ${tableTo} ${columnsTo.join(',')}`))
      problems.push(`${expected.name}: (${columnsFrom.join(', ')}) has no foreign key to ${tableTo}`);
  return problems;
}

/** Types in the server's own words (`numeric(10,2)`), by a table that lives for a moment and holds nothing. */
async function asTheServerSays(client: Client, columns: readonly ColumnFacts[]): Promise<ColumnFacts[]> {
  await client.query('begin');
  try {
    const list = columns.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ');
    await client.query(`create temporary table expected_columns (${list}) on commit drop`);
    const types = await columnsOf(client, 'pg_temp.expected_columns');
    return types.map(({ name, type }) => ({
      name,
      type,
      notNull: columns.find((column) => column.name === name)?.notNull ?? false,
    }));
  } finally {
    await client.query('rollback');
  }
}

async function columnsOf(client: Client, quoted: string): Promise<ColumnFacts[]> {
  const { rows } = await client.query<ColumnFacts>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull" from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [quoted],
  );
  return rows;
}

/** `unique a,b` for whole-table unique indexes, `foreign a,b parent x,y` for foreign keys. */
async function keysOf(client: Client, quoted: string): Promise<Set<string>> {
  const { rows } = await client.query<{ key: string }>(
    `select 'unique ' || string_agg(a.attname, ',' order by k.n) as key
     from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, n)
     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
     where i.indrelid = to_regclass($1) and i.indisunique and i.indpred is null and i.indexprs is null and k.n <= i.indnkeyatts
     group by i.indexrelid
     union all
     select 'foreign ' || (select string_agg(a.attname, ',' order by k.n) from unnest(c.conkey) with ordinality k(attnum, n)
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum)
       || ' ' || parent.relname || ' ' ||
       (select string_agg(a.attname, ',' order by k.n) from unnest(c.confkey) with ordinality k(attnum, n)
         join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum)
     from pg_constraint c join pg_class parent on parent.oid = c.confrelid
     where c.conrelid = to_regclass($1) and c.contype = 'f'`,
    [quoted],
  );
  return new Set(rows.map(({ key }) => key));
}
