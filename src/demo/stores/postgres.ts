import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { columnsOf, legacyTableNames, type LegacyTable } from '../legacy-tables.js';
import { copyText } from './copy-text.js';
import type { LegacyStore } from './legacy-store.js';
import { tableExists, unreachable } from './refusals.js';

/**
 * The legacy store in PostgreSQL 12 and later, all in one transaction. The column types of legacy-tables.ts
 * are PostgreSQL's own.
 * @param url `postgres://user:password@host:port/database`
 */
export async function openPostgresStore(url: string): Promise<LegacyStore> {
  const client = new Client({ connectionString: url, application_name: 'nxt-migrate demo' });
  // A lost connection also fails the command under way, which is where it is reported.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw unreachable(cause);
  }
  return {
    async hasTables() {
      const { rowCount } = await client.query("select from pg_tables where schemaname = 'public' limit 1");
      return rowCount === 1;
    },
    async createTables() {
      await client.query(`set time zone 'UTC'`);
      await client.query('begin');
      await refuseExisting(client);
      for (const table of legacyTableNames) await client.query(createTable(table));
    },
    async load(table, rows) {
      const columns = columnsOf(table).map(([column]) => column);
      const target = client.query(copyFrom(`copy ${table} (${columns.join(', ')}) from stdin`));
      await pipeline(Readable.from(copyText(rows, columns)), target);
    },
    async finish() {
      for (const table of legacyTableNames) {
        await client.query(`alter table ${table} add primary key (id)`);
        await client.query(`analyze ${table}`);
      }
      await client.query('commit');
    },
    async close() {
      await client.end();
    },
  };
}

function createTable(table: LegacyTable): string {
  const columns = columnsOf(table).map(([column, type]) => `  ${column} ${type}`);
  return `create table ${table} (\n${columns.join(',\n')}\n)`;
}

async function refuseExisting(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest($1::text[]) as name where to_regclass(name) is not null`,
    [legacyTableNames],
  );
  const first = rows[0]?.name;
  if (first !== undefined) throw tableExists(first);
}
