/**
 * Pause and emergency stop in the middle of everything that a run does. Each kind of work is made to last: a trigger in
 * the server sleeps where the work writes, for as long as a row of `test.sleepers` says so.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';

type Database = 'source' | 'target' | 'backup';

const sleeping = `create schema test; create table test.sleepers (name text primary key);
  create function test.sleep() returns trigger language plpgsql as $$ begin
    if exists (select from test.sleepers where name = tg_argv[0]) then perform pg_sleep(60); end if;
    return coalesce(new, old); end $$;
  create function test.sleep_at_ddl() returns event_trigger language plpgsql as $$ begin
    if exists (select from test.sleepers where name = tg_tag) then perform pg_sleep(60); end if; end $$;
  create event trigger sleeper on ddl_command_start execute function test.sleep_at_ddl()`;

const on = (table: string, when: string, name: string) =>
  `create trigger sleeper_${name} ${when} on ${table} for each row execute function test.sleep('${name}')`;

/** Work in the order in which a run comes to it: what sleeps, and where. */
const work: readonly (readonly [string, { readonly database: Database; readonly sleeper: string }])[] = [
  ['taking the fingerprint', { database: 'target', sleeper: 'fingerprint' }],
  ['making a backup', { database: 'backup', sleeper: 'CREATE TABLE' }],
  ['settling duplicates', { database: 'target', sleeper: 'survey' }],
  ['copying', { database: 'target', sleeper: 'copy' }],
  ['building an index', { database: 'target', sleeper: 'CREATE INDEX' }],
  ['verifying', { database: 'target', sleeper: 'verify' }],
  ['checking', { database: 'target', sleeper: 'check' }],
];

describe.for([
  ['pause', 'paused', 5_000],
  ['emergency-stop', 'stopped', 3_000],
] as const)('%s', { timeout: 240_000 }, ([signal, state, mostMs]) => {
  let environment: RunEnvironment;
  let run: Awaited<ReturnType<RunEnvironment['start']>>;
  let worker: { stop(): Promise<void> };

  const asleep = async (database: Database) => {
    const rows = await environment.query(
      database,
      `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    );
    return rows.length > 0;
  };
  const put = (database: Database, sleeper: string) =>
    environment.query(database, 'insert into test.sleepers values ($1)', [sleeper]);
  const wake = (database: Database, sleeper: string) =>
    environment.query(database, 'delete from test.sleepers where name = $1', [sleeper]);

  beforeAll(async () => {
    environment = await createRunEnvironment();
    await seedLegacy({ url: environment.source.url, rows: 2_000 });
    worker = await environment.startWorker();
    // A run that moves nothing and is undone leaves the plan's tables and the run's own, to put triggers on.
    const first = await environment.start({ mode: 'stepwise', backup: false, minQualityScore: 0 });
    await environment.waitFor(first, (status) => status.state === 'waiting');
    await first.executeUpdate('rollback', { args: [{ scope: 'full' }] });
    await first.result();
    await environment.query('backup', sleeping);
    await environment.query('target', sleeping);
    for (const trigger of [
      on('migration.runs', 'before update of fingerprint', 'fingerprint'),
      on('migration.ranges', 'before insert', 'survey'),
      on('customers', 'before insert', 'copy'),
      on('migration.chunks', 'before update of verified_at', 'verify'),
      on('migration.check_results', 'before insert', 'check'),
      on('migration.chunks', 'before delete', 'undo'),
    ])
      await environment.query('target', trigger);
    for (const [, { database, sleeper }] of work) await put(database, sleeper);
    run = await environment.start({ maxErrorRate: 1, minQualityScore: 0 });
  }, 120_000);
  afterAll(async () => {
    await worker.stop();
    await environment.close();
  });

  /** Waits until the work sleeps, signals, and answers after how long nothing was at work any more. */
  async function standsStill(database: Database): Promise<number> {
    while (!(await asleep(database))) {
      const { state: now, waitingFor } = await run.query<{ state: string; waitingFor: unknown }>('status');
      if (now !== 'running' && now !== 'rolling-back')
        throw new Error(`the run is ${now}: ${JSON.stringify(waitingFor)}`);
      await sleep(50);
    }
    const sentAt = performance.now();
    await run.signal(signal, { by: 'a test' });
    while (await asleep(database)) await sleep(20);
    const took = performance.now() - sentAt;
    await environment.waitFor(run, (status) => status.state === state);
    return took;
  }

  it.for(work)('in the middle of %s', async ([, { database, sleeper }]) => {
    expect(await standsStill(database)).toBeLessThan(mostMs);
    await wake(database, sleeper);
    await run.signal('resume');
  });

  it('changes nothing of what the run comes to', async () => {
    const status = await environment.waitFor(run, (now) => now.state !== 'running');
    // Small tables have more bad rows than a gate lets pass by itself.
    if (status.state === 'waiting')
      await run.executeUpdate('skip-validation', { args: [{ reason: 'a small table' }] });
    const ended = await run.result();
    expect(ended).toMatchObject({ state: 'completed' });
    for (const each of ended.steps) {
      expect(each).toMatchObject({ state: 'completed', read: each.source, differences: 0 });
      expect(each.read).toBe(each.migrated + each.merged + each.rejected);
    }
  });

  it('in the middle of an undo, which goes on to its end', async () => {
    for (const table of nxtPlan.schema.tables) await environment.query('target', `truncate ${table} cascade`);
    const before = await takeFingerprint(environment);
    await put('target', 'undo');
    run = await environment.start({ mode: 'stepwise', backup: false, maxErrorRate: 1, minQualityScore: 0 });
    await environment.waitFor(run, (status) => status.state === 'waiting');
    await run.executeUpdate('run-step', { args: [{ step: 'customers' }] });
    await environment.waitFor(run, (status) => status.state === 'waiting');
    await run.executeUpdate('rollback', { args: [{ scope: 'full' }] });
    expect(await standsStill('target')).toBeLessThan(mostMs);
    await wake('target', 'undo');
    await run.signal('resume');
    expect(await run.result()).toMatchObject({ state: 'rolled-back' });
    expect(await takeFingerprint(environment)).toEqual(before);
  });
});
