import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { countDeferred, deferObjects, rebuildObjects } from '../../../src/engine/target/deferred-objects.js';
import { makeCustomers, ref, withSurveyedCustomers, type SurveyedCustomers } from '../surveyed-customers.js';

const withCustomers = (use: (customers: SurveyedCustomers) => Promise<void>) =>
  withSurveyedCustomers((url) => makeCustomers(url, 10), use);

async function indexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select indexname as name from pg_indexes where schemaname = 'public' and tablename = 'customers' order by 1`,
  );
  return rows.map(({ name }) => name);
}

test('indexes of an empty table are off after the survey, and all back after the build, side by side', () =>
  withCustomers(async ({ client, connectTarget }) => {
    expect(await indexes(client)).toEqual(['customers_pkey']);
    const off = await countDeferred(client, ref.run);
    expect(off).toBeGreaterThan(3);
    let opened = 0;
    const connect = (): Promise<Client> => {
      opened++;
      return connectTarget();
    };
    await client.query('set max_parallel_maintenance_workers = 3');
    await rebuildObjects(client, ref.run, 'customers', () => undefined, { connect });
    expect(opened).toBe(2);
    expect((await indexes(client)).length).toBe(off + 1);
    expect(await countDeferred(client, ref.run)).toBe(0);
  }));

test('a build that fails is told when the others are through, and goes on where it was', () =>
  withCustomers(async ({ client, connectTarget }) => {
    await client.query(
      `update migration.deferred_objects set definition = replace(definition, 'company_name', 'no_such_column')`,
    );
    const options = { connect: connectTarget };
    await expect(rebuildObjects(client, ref.run, 'customers', () => undefined, options)).rejects.toThrow(
      'no_such_column',
    );
    expect(await countDeferred(client, ref.run)).toBeGreaterThan(0);
    await client.query(
      `update migration.deferred_objects set definition = replace(definition, 'no_such_column', 'company_name')`,
    );
    await rebuildObjects(client, ref.run, 'customers', () => undefined, options);
    expect(await countDeferred(client, ref.run)).toBe(0);
  }));

test('a table with rows keeps its indexes', () =>
  withCustomers(async ({ client }) => {
    await rebuildObjects(client, ref.run, 'customers', () => undefined);
    const before = await indexes(client);
    await client.query('delete from migration.deferred_objects');
    await client.query(
      `insert into customers (id, customer_code, company_name, email, address, purchase_history, created_at, updated_at)
       values (gen_random_uuid(), 'OWN', 'Ours', 'o@x.example', '{}', '[]', now(), now())`,
    );
    await deferObjects(client, ref.run, 'customers');
    expect(await indexes(client)).toEqual(before);
  }));
