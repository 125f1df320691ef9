import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createKeeper, type Keeper } from '../../src/servers/keeper.js';
import { startPostgres, type PostgresServer } from '../../src/servers/postgres.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

/** A server whose load and connections are those of these tests alone. */
let keeper: Keeper;
let folder: string;
let server: PostgresServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-throttle-'));
  keeper = createKeeper();
  server = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    keeper,
    settings: { fsync: 'off', synchronous_commit: 'off', max_connections: '40' },
  });
});
afterAll(async () => {
  await keeper?.close();
  await rm(folder, { recursive: true, force: true });
});

let environment: RunEnvironment;
const others: Client[] = [];
afterEach(async () => {
  await leave();
  await environment?.close();
});

async function prepare(settings: Record<string, string>): Promise<void> {
  environment = await createRunEnvironment(settings, { postgresUrl: server.url('postgres') });
  await seedLegacy({ url: environment.source.url, rows: 4_000, seed: 5, mostDirtPercent: 0 });
}

/** Sessions of somebody else, each at work or idle. */
async function come(count: number, work?: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const client = new Client({ connectionString: server.url('postgres'), application_name: 'shop' });
    client.on('error', () => undefined);
    await client.connect();
    others.push(client);
    if (work) client.query(work).catch(() => undefined);
  }
}

/** They all go. */
async function leave(): Promise<void> {
  const client = new Client({ connectionString: server.url('postgres') });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shop'`,
  );
  await client.end();
  await Promise.all(others.splice(0).map((other) => other.end().catch(() => undefined)));
}

/** 200 rows, so few at a time that a run has time to be watched. */
const input = { tables: ['customers'], batchSizes: { default: 2 }, backup: false, minQualityScore: 0 };

const slowedBy =
  (what: string, how: RegExp) =>
  ({ throttle }: RunStatus): boolean =>
    throttle?.what === what && how.test(throttle.reason);

describe('a server that is busy with others', () => {
  test('is left alone while it is far over the limit; the status says why, and then the run goes on', async () => {
    await prepare({ MIGRATION_MAX_ACTIVE_SESSIONS: '1' });
    await environment.withWorker(async () => {
      const run = await environment.start(input);
      await environment.waitFor(run, ({ phase }) => phase === 'migrate');
      await come(3, 'select pg_sleep(1000)');
      const { throttle, rows } = await environment.waitFor(run, slowedBy('load', /waits/));
      expect(throttle?.reason).toMatch(
        /^The (source|target) is busy with 3 sessions of others; 1 is the limit \(MIGRATION_MAX_ACTIVE_SESSIONS\)\. The run waits until it is less\.$/,
      );
      expect(throttle?.step).toEqual(expect.any(String));
      const { currentDetails } = await run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toContain('**Slowed down** ');
      expect(currentDetails).toMatch(/is busy with 3 sessions of others; 1 is the limit/);
      // Nothing of the run is open meanwhile but the connections of its watch.
      const open = await environment.query<{ name: string }>(
        'target',
        `select distinct application_name as name from pg_stat_activity where starts_with(application_name, 'nxt-')`,
      );
      expect(open).toEqual([{ name: 'nxt-migrate watch' }]);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const later = await run.query<RunStatus>('status');
      expect(later.rows.read - rows.read).toBeLessThanOrEqual(4);
      expect(later.throttle?.since).toBe(throttle?.since);
      await leave();
      await environment.waitFor(run, (status) => status.throttle === null);
      expect(await run.result()).toMatchObject({ state: 'completed', throttle: null });
    });
  }, 120_000);

  test('sees a run that moves and compares more slowly over the limit', async () => {
    await prepare({ MIGRATION_MAX_ACTIVE_SESSIONS: '4' });
    await come(5, 'select pg_sleep(1000)');
    await environment.withWorker(async () => {
      const run = await environment.start(input);
      for (const phase of ['migrate', 'validate'] as const)
        await environment.waitFor(
          run,
          (status) => status.phase === phase && slowedBy('load', /rests between chunks/)(status),
        );
      expect(await run.result()).toMatchObject({ state: 'completed', throttle: null });
    });
  }, 120_000);

  test('is left alone by a catch-up too, which then comes to its end', async () => {
    await prepare({ MIGRATION_MAX_ACTIVE_SESSIONS: '1' });
    await environment.withWorker(async () => {
      const run = await environment.start({ ...input, mode: 'stepwise' });
      const stoodStill = ({ state }: RunStatus) => state === 'waiting';
      await environment.waitFor(run, stoodStill);
      await run.executeUpdate('run-step', { args: [{ step: 'customers' }] });
      await environment.waitFor(run, stoodStill);
      await environment.query('source', `update legacy_customers set company_name = 'Changed'`);
      await come(3, 'select pg_sleep(1000)');
      await run.executeUpdate('catch-up');
      await environment.waitFor(run, slowedBy('load', /waits/));
      await leave();
      const { actions, throttle } = await environment.waitFor(run, stoodStill);
      expect(actions.at(-1)?.reason).toMatch(/^customers: 0 inserted, \d+ updated, 0 deleted$/);
      expect(throttle).toBeNull();
    });
  }, 120_000);

  test('a run that waits for it is paused and stopped at once', async () => {
    await prepare({ MIGRATION_MAX_ACTIVE_SESSIONS: '1' });
    await environment.withWorker(async () => {
      const run = await environment.start(input);
      await come(3, 'select pg_sleep(1000)');
      for (const [signal, state] of [
        ['pause', 'paused'],
        ['emergency-stop', 'stopped'],
      ] as const) {
        await environment.waitFor(run, slowedBy('load', /waits/));
        const from = performance.now();
        await run.signal(signal);
        const status = await environment.waitFor(run, (now) => now.state === state);
        expect(performance.now() - from).toBeLessThan(3_000);
        expect(status.throttle).toBeNull();
        await run.signal('resume');
      }
      await leave();
      expect(await run.result()).toMatchObject({ state: 'completed' });
    });
  }, 120_000);
});

test('where connections are few, ranges move one at a time, and the status says why', async () => {
  await prepare({ MIGRATION_MAX_CONNECTION_SHARE: '0.5', MIGRATION_RANGE_ROWS: '50' });
  await come(20);
  await environment.withWorker(async () => {
    const run = await environment.start({ ...input, parallel: 2 });
    const { throttle } = await environment.waitFor(run, slowedBy('connections', /./));
    expect(throttle?.reason).toMatch(
      /^The (source|target) has \d+ of the 37 connections in use that it may have; 50% is the limit \(MIGRATION_MAX_CONNECTION_SHARE\)\. Further ranges wait until there are more; one goes on\.$/,
    );
    expect(await run.result()).toMatchObject({ state: 'completed', throttle: null });
  });
}, 120_000);
