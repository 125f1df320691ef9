import { Client } from 'pg';
import { expect, it } from 'vitest';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { withDatabase } from '../helpers/databases.js';

async function withClient(work: (client: Client) => Promise<void>): Promise<void> {
  await withDatabase(async (url) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  });
}

it('an empty target gets the tables of the plan, and they are as they should be', async () => {
  await withClient(async (client) => {
    expect(await prepareTargetSchema(client, nxtPlan)).toEqual({ problems: [], deviations: [], notes: [] });
    expect(await prepareTargetSchema(client, nxtPlan), 'also the second time').toEqual({
      problems: [],
      deviations: [],
      notes: [],
    });
  });
});

it('tables that are something else are named with every difference', async () => {
  await withClient(async (client) => {
    await prepareTargetSchema(client, nxtPlan);
    await client.query(`
      alter table products alter column sku type varchar(20);
      alter table products drop constraint products_sku_key;
      alter table inventory drop constraint inventory_product_id_products_id_fk;
      alter table customers alter column email drop not null;
      alter table customers drop column phone`);
    const { problems, deviations } = await prepareTargetSchema(client, nxtPlan);
    expect(problems).toEqual(['customers.phone: the plan writes it, the target has no such column']);
    expect(deviations.toSorted()).toEqual([
      'customers.email: may be empty, should not',
      'customers.phone: there is no such column',
      'inventory: (product_id) has no foreign key to products',
      'products.sku: is character varying(20), should be character varying(100)',
      'products: nothing keeps (sku) unique',
    ]);
  });
});

it('policies that bind the user, triggers and columns that the target fills itself are named', async () => {
  await withClient(async (client) => {
    await prepareTargetSchema(client, nxtPlan);
    await client.query(`
      create function note() returns trigger language plpgsql as 'begin return new; end';
      create trigger note_products after insert or update on products for each row execute function note();
      create trigger note_changes after update on products for each row execute function note();
      alter table customers drop column phone;
      alter table customers add column phone varchar(50) generated always as (email) stored;
      alter table suppliers enable row level security;
      create role bound;
      grant all on all tables in schema public to bound;
      grant all on schema public to bound`);
    try {
      await client.query('set role bound');
      const { problems, notes } = await prepareTargetSchema(client, nxtPlan);
      expect(problems).toEqual([
        'customers.phone: the plan writes it, the target generates it by itself',
        expect.stringMatching(/^suppliers: its row level security binds the user of the target/),
      ]);
      expect(notes).toEqual([
        expect.stringMatching(/^products: the trigger note_products runs for every row/),
      ]);
    } finally {
      await client.query('reset role; drop owned by bound; drop role bound');
    }
  });
});
