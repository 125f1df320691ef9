import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { createDatabase, type TestDatabase } from '../helpers/databases.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

const role = `clerk_${randomBytes(6).toString('hex')}`;
const password = 'of-the-clerk';

async function onDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('policies of the source and triggers of the target', () => {
  let legacy: TestDatabase;
  let environment: RunEnvironment;
  const url = (): string => {
    const asClerk = new URL(legacy.url);
    asClerk.username = role;
    asClerk.password = password;
    return asClerk.href;
  };

  beforeAll(async () => {
    legacy = await createDatabase('legacy');
    await seedLegacy({ url: legacy.url, rows: 500 });
    await onDatabase(legacy.url, (client) =>
      client.query(`
        create role ${role} login password '${password}';
        grant select on all tables in schema public to ${role};
        alter table legacy_customers enable row level security;
        create policy hide_all on legacy_customers for select using (false)`),
    );
    environment = await createRunEnvironment({ SOURCE_DATABASE_URL: url() });
    await onDatabase(environment.target.url, async (client) => {
      await prepareTargetSchema(client, nxtPlan);
      await client.query(`
        create schema audit;
        create table audit.customers (id uuid);
        create function audit.note() returns trigger language plpgsql as
          'begin insert into audit.customers values (new.id); return new; end';
        create trigger note_customers after insert on customers for each row execute function audit.note();
        create trigger never after insert on customers for each row execute function audit.note();
        alter table customers disable trigger never`);
    });
  }, 60_000);
  afterAll(async () => {
    await environment.close();
    await onDatabase(legacy.url, (client) => client.query(`drop owned by ${role}; drop role ${role}`));
    await legacy.drop();
  });

  it('are named in phase 1: rows that a policy hides would never be missed', async () => {
    const seen = await onDatabase(url(), (client) => client.query('select from legacy_customers'));
    expect(seen.rowCount, 'the policy hides all rows without a word').toBe(0);

    await environment.withWorker(async () => {
      const run = await environment.start({
        tables: ['customers'],
        backup: false,
        minQualityScore: 0,
        maxErrorRate: 1,
      });
      const held = await environment.waitFor(run, ({ state }) => state === 'waiting');
      expect(held).toMatchObject({ phase: 'prepare', waitingFor: { code: 'ERR_002' } });
      expect(held.waitingFor?.reason).toMatch(/^legacy_customers: its row level security may hide rows/);
      expect(held.waitingFor?.helps).not.toContain('skip-validation');

      await onDatabase(legacy.url, (client) => client.query(`alter role ${role} bypassrls`));
      await run.executeUpdate('retry');
      const ended = await environment.waitFor(run, ({ state }) => state !== 'running');
      const [customers] = ended.steps;
      expect(ended).toMatchObject({ state: 'completed', steps: [{ step: 'customers', differences: 0 }] });
      const rows = await onDatabase(legacy.url, (client) => client.query('select from legacy_customers'));
      expect(customers?.read).toBe(rows.rowCount);

      const notes = ended.actions.filter(({ what }) => what === 'note').map(({ reason }) => reason);
      expect(notes).toContainEqual(
        expect.stringMatching(/^customers: the trigger note_customers runs for every row that comes in/),
      );
      expect(notes.join()).not.toContain('trigger never');
      const [audited] = await environment.query(
        'target',
        'select count(*)::int as rows from audit.customers',
      );
      expect(audited, 'each row is inserted once').toEqual({ rows: customers?.migrated });
    });
  }, 120_000);
});
