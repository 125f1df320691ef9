import { Client } from 'pg';
import { expect, test } from 'vitest';
import { createDatabase, withDatabase } from './databases.js';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('each database is empty, apart from the others, and gone afterwards', async () => {
  const tables = `select relname from pg_class where relnamespace = 'public'::regnamespace`;
  const own = await createDatabase('Shop "A"');
  await query(own.url, 'create table left_over ()');
  const other = await withDatabase(async (url) => {
    expect(await query(url, tables)).toEqual([]);
    return url;
  });
  await expect(query(other, 'select')).rejects.toThrow('does not exist');
  expect(await query(own.url, tables)).toEqual([{ relname: 'left_over' }]);
  await own.drop();
  await expect(query(own.url, 'select')).rejects.toThrow('does not exist');
});
