import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Client } from 'pg';
import { schemaDifferences } from './expected-schema.js';
import { describeTarget } from '../engine/target/describe-target.js';
import type { Entity, Plan } from '../plan/model.js';
import { schemaBookkeeping } from '../plan/schema-folder.js';
import { quoteName, quoteTable } from '../store/quote.js';

export interface SchemaFindings {
  /** with these no row could be moved */
  readonly problems: readonly string[];
  /** rows could be moved, but the tables are something else than the plan's migrations make */
  readonly deviations: readonly string[];
  /** what an operator should know of, and does not stand in the way */
  readonly notes: readonly string[];
}

/** Makes the plan's tables when the target has none of them; answers what stands in the way otherwise. */
export async function prepareTargetSchema(client: Client, plan: Plan): Promise<SchemaFindings> {
  const missing: string[] = [];
  for (const table of plan.schema.tables) {
    const { rows } = await client.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
      quoteTable(table),
    ]);
    if (!rows[0]?.found) missing.push(table);
  }
  if (missing.length === plan.schema.tables.length) {
    const bookkeeping = schemaBookkeeping(plan);
    // Tables that somebody has dropped are made again, whatever was written down about them.
    await client.query(
      `drop table if exists ${quoteName(bookkeeping.migrationsSchema, bookkeeping.migrationsTable)}`,
    );
    await migrate(drizzle({ client }), { migrationsFolder: plan.schema.migrationsFolder, ...bookkeeping });
    missing.length = 0;
  }
  const problems = missing.map(
    (table) => `${table}: the target has other tables of the plan, but not this one`,
  );
  for (const entity of plan.entities)
    if (!missing.includes(entity.table)) problems.push(...(await differencesOf(client, entity)));
  const notes: string[] = [];
  for (const table of plan.schema.tables) {
    problems.push(...(await policiesOf(client, table)));
    notes.push(...(await triggersOf(client, table)));
  }
  return { problems, deviations: await schemaDifferences(client, plan.schema), notes };
}

async function generatedColumns(client: Client, table: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated <> ''`,
    [quoteTable(table)],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Row level security that binds our user: COPY does not write through it, and rows that it hides cannot be verified. */
async function policiesOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ active: boolean | null }>(
    'select row_security_active(to_regclass($1)) as active',
    [quoteTable(table)],
  );
  return rows[0]?.active
    ? [
        `${table}: its row level security binds the user of the target; name a user whom it does not (the owner, or one with BYPASSRLS)`,
      ]
    : [];
}

/** Triggers that run for rows of the migration: they are the target's own business, but may change rows, or cost time. */
async function triggersOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select tgname as name from pg_trigger
     where tgrelid = to_regclass($1) and not tgisinternal and tgenabled in ('O', 'A') and tgtype & 4 <> 0
     order by tgname`,
    [quoteTable(table)],
  );
  return rows.map(
    ({ name }) =>
      `${table}: the trigger ${name} runs for every row that comes in; what it changes in a row is found by the verification. Disable it for the migration unless it is meant to run`,
  );
}

/** What an entity's rules write and the target table does not have, or demands and nobody writes. */
async function differencesOf(client: Client, entity: Entity): Promise<string[]> {
  const table = await describeTarget(client, entity.table);
  if (!table) return [`${entity.table}: the target has no such table`];
  const problems: string[] = [];
  const existing = new Map(table.columns.map((column) => [column.name, column]));
  const written = new Set(entity.sources.flatMap((source) => Object.keys(source.columns)));
  const made = await generatedColumns(client, entity.table);
  for (const column of written)
    if (made.has(column))
      problems.push(`${entity.table}.${column}: the plan writes it, the target generates it by itself`);
    else if (!existing.has(column))
      problems.push(`${entity.table}.${column}: the plan writes it, the target has no such column`);
  if (table.key.join(',') !== entity.key.join(','))
    problems.push(
      `${entity.table}: its primary key is (${table.key.join(', ')}), the plan's is (${entity.key.join(', ')})`,
    );
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attnotnull and not atthasdef
       and attidentity = '' and attgenerated = ''`,
    [quoteTable(entity.table)],
  );
  for (const { name } of rows)
    if (!written.has(name))
      problems.push(`${entity.table}.${name}: the target demands a value, the plan writes none`);
  return problems;
}
