/** A source that is still in use: what has changed in it since it was read is moved, as often as asked. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { contentsOf } from '../helpers/run-contents.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';

const lenient = { maxErrorRate: 1, minQualityScore: 0, backup: false, batchSizes: { default: 50 } };

describe('catch-up', { timeout: 180_000 }, () => {
  let environment: RunEnvironment;
  beforeEach(async () => {
    environment = await createRunEnvironment();
    await seedLegacy({ url: environment.source.url, rows: 1_500 });
  });
  afterEach(async () => {
    await killWorkers();
    await environment.close();
  });

  const source = (sql: string) => environment.query('source', sql);
  const stoodStill = ({ state }: RunStatus) => state === 'waiting' || state === 'completed';

  async function changeSource(): Promise<void> {
    await source(`update legacy_customers set company_name = 'Changed' where id % 9 = 0`);
    await source(
      'delete from legacy_suppliers where id in (select id from legacy_suppliers order by id limit 3)',
    );
    await source(`insert into legacy_customers (id, customer_code, company_name, email, country, created_at)
      values (900001, 'NEW-1', 'New', 'new@example.com', 'US', '2020-01-01')`);
  }

  /** Moves all steps of a stepwise run. */
  async function moveAll(run: Awaited<ReturnType<RunEnvironment['start']>>): Promise<void> {
    const { steps } = await environment.waitFor(run, ({ state }) => state === 'waiting');
    for (const { step } of steps) {
      await run.executeUpdate('run-step', { args: [{ step }] });
      await environment.waitFor(run, stoodStill);
    }
  }

  it('helps a run that is held because its source has changed, which then goes on by itself', () =>
    environment.withWorker(async () => {
      const run = await environment.start(lenient);
      await environment.waitFor(run, ({ checkpoints }) => checkpoints.length > 1);
      await changeSource();
      const held = await environment.waitFor(run, stoodStill);
      expect(held.waitingFor?.helps).toEqual(['retry', 'catch-up', 'skip-validation', 'rollback', 'finish']);
      const answer = await run.executeUpdate<{ tables: unknown[] }, [object]>('catch-up', {
        args: [{ by: 'anna' }],
      });
      expect(answer).toMatchObject({ accepted: 'catch-up', will: 'catch up' });
      expect(answer.tables).toHaveLength(7);
      const status = await run.result();
      expect(status).toMatchObject({ state: 'completed', phase: 'finalize', skipped: [] });
      for (const step of status.steps)
        expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
      const caughtUp = status.actions.find(({ what }) => what === 'caught up');
      expect(caughtUp?.reason).toMatch(/customers: 1 inserted, \d+ updated, 0 deleted; suppliers: /);
      const fresh = await createRunEnvironment({ SOURCE_DATABASE_URL: environment.source.url });
      try {
        const undisturbed = await fresh.run(lenient);
        expect(await contentsOf(environment, status)).toEqual(await contentsOf(fresh, undisturbed));
      } finally {
        await fresh.close();
      }
    }));

  it('is gone on with when its worker dies, and a rollback takes back all that it did', async () => {
    const first = await startWorkerProcess(environment);
    const run = await environment.start({ ...lenient, mode: 'stepwise' });
    await moveAll(run);
    await changeSource();
    await first.stop();
    const dying = await startWorkerProcess(environment, 'in-catch-up:3');
    await run.executeUpdate('catch-up');
    await dying.ended;
    const second = await startWorkerProcess(environment);
    const status = await environment.waitFor(run, stoodStill);
    expect(status.waitingFor?.reason).toContain('validate');
    await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
    const validated = await environment.waitFor(run, stoodStill);
    expect(validated).toMatchObject({ phase: 'validate', waitingFor: { code: null } });
    for (const step of validated.steps) expect(step).toMatchObject({ state: 'completed', differences: 0 });
    await run.executeUpdate('rollback', { args: [{ scope: 'full' }] });
    expect((await run.result()).state).toBe('rolled-back');
    const [row] = await environment.query<{ rows: number }>(
      'target',
      'select count(*)::int as rows from customers',
    );
    expect(row?.rows).toBe(0);
    await second.stop();
  });

  it('that a terminated run was in the middle of comes to its end in the run that goes on', async () => {
    const first = await startWorkerProcess(environment);
    const run = await environment.start({ ...lenient, mode: 'stepwise' });
    await environment.waitFor(run, ({ state }) => state === 'waiting');
    const before = await takeFingerprint(environment);
    await moveAll(run);
    await changeSource();
    await first.stop();
    const dying = await startWorkerProcess(environment, 'chunk-caught-up:2');
    await run.executeUpdate('catch-up');
    await dying.ended;
    await run.terminate('lost');
    const second = await startWorkerProcess(environment);
    const next = await environment.start({ ...lenient, mode: 'stepwise' });
    await environment.waitFor(next, ({ state }) => state === 'waiting');
    await next.executeUpdate('retry');
    const status = await environment.waitFor(
      next,
      ({ state, actions }) => state === 'waiting' && actions.some(({ what }) => what === 'caught up'),
    );
    for (const step of status.steps) expect(step).toMatchObject({ state: 'completed', read: step.source });
    await next.executeUpdate('rollback', { args: [{ scope: 'full' }] });
    expect((await next.result()).state).toBe('rolled-back');
    expect(await takeFingerprint(environment)).toEqual(before);
    await second.stop();
  });
});
