import path from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { queryMysql } from '../helpers/mysql-servers.js';
import { startCommand } from './started-command.js';

const addresses = z.strictObject({
  temporalAddress: z.string(),
  temporalUi: z.url(),
  sourceUrl: z.url(),
  targetUrl: z.url(),
  backupUrl: z.url(),
});

/** Starts the stack on the folder, hands its addresses to `use`, and interrupts it. */
async function withStack<T>(
  dataDir: string,
  args: string[],
  use: (found: z.infer<typeof addresses>) => Promise<T>,
): Promise<T> {
  const stack = await startCommand('stack', [`--data-dir=${dataDir}`, '--json', ...args]);
  await stack.said('backupUrl');
  const result = await use(addresses.parse(JSON.parse(stack.stdout())));
  stack.signal('SIGTERM');
  expect(await stack.ended(), stack.stderr()).toBe(0);
  expect((await stack.leftBehind()).processes).toEqual([]);
  return result;
}

async function customers(url: string): Promise<number> {
  const count = 'select count(*) as `rows` from legacy_customers';
  if (url.startsWith('mysql:')) return Number((await queryMysql(url, count))[0]?.['rows']);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: string }>('select count(*) as rows from legacy_customers');
    return Number(rows[0]?.rows);
  } finally {
    await client.end();
  }
}

test.each(['postgres', 'mysql'])(
  'the stack over %s says where everything is, keeps its data, and comes back at the same addresses',
  async (source) => {
    const dataDir = path.join(await temporaryFolder(), 'stack');
    const args = [`--source=${source}`];
    const first = await withStack(dataDir, [...args, '--seed-rows=400'], async (found) => {
      expect((await fetch(found.temporalUi)).status).toBe(200);
      return { found, rows: await customers(found.sourceUrl) };
    });
    expect(first.rows).toBeGreaterThan(0);

    const again = await withStack(dataDir, [...args, '--seed-rows=800'], async (found) => ({
      found,
      rows: await customers(found.sourceUrl),
    }));
    expect(again).toEqual(first);
  },
  120_000,
);
