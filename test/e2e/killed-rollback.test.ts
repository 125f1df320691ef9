/**
 * A worker process is killed in the middle of an undo: the next one goes on with it, and in the end the target is what it
 * was before the run, to the last row, index and sequence.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, describe, test } from 'vitest';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import type { RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';
import { inTheMiddleOfProducts, input, occupiedEnvironment } from './steering/occupied-target.js';
import { endOf } from './undisturbed-run.js';

/** A heartbeat timeout of ten seconds stands between a worker's death and the next attempt. */
const timeout = 600_000;
afterAll(killWorkers);

async function withOccupied(work: (environment: RunEnvironment) => Promise<void>): Promise<void> {
  const environment = await occupiedEnvironment();
  try {
    await work(environment);
  } finally {
    await environment.close();
  }
}

describe.concurrent('a worker is killed in an undo', () => {
  const kills: readonly (readonly [string, FaultPoint, number, 'rollback' | 'cancel'])[] = [
    ['with rows deleted and not committed', 'in-undo', 3, 'rollback'],
    ['after a chunk that Temporal has not heard of', 'undo-chunk-done', 5, 'rollback'],
    ['between chunks, when the run was cancelled', 'undo-chunk-done', 1, 'cancel'],
  ];
  test.for(kills)('%s', { timeout }, ([, point, passing, asked], { expect }) =>
    withOccupied(async (environment) => {
      const before = await takeFingerprint(environment);
      const doomed = await startWorkerProcess(environment, `${point}:${passing}`);
      const run = await environment.start({ ...input, tables: ['products'] });
      await inTheMiddleOfProducts(environment, run);
      if (asked === 'cancel') await run.cancel();
      else await run.executeUpdate<object, [object]>('rollback', { args: [{ scope: 'full' }] });
      expect(await endOf(doomed, run)).toMatchObject({ signal: 'SIGKILL' });
      const worker = await startWorkerProcess(environment);
      await run.result().catch(() => undefined);
      expect(await run.query('status')).toMatchObject({ state: 'rolled-back' });
      expect((await run.describe()).status.name).toBe(asked === 'cancel' ? 'CANCELLED' : 'COMPLETED');
      await worker.stop();
      expect(await takeFingerprint(environment)).toEqual(before);
    }),
  );

  test('in the middle of a restore from the backup', { timeout }, ({ expect }) =>
    withOccupied(async (environment) => {
      const before = await takeFingerprint(environment);
      const doomed = await startWorkerProcess(environment);
      const run = await environment.start({ ...input, tables: ['products'] });
      await inTheMiddleOfProducts(environment, run);
      await run.signal('pause');
      await environment.waitFor(run, ({ state }) => state === 'paused');
      // The restore comes as far as this table, and waits for it.
      const holder = new Client({ connectionString: environment.target.url });
      await holder.connect();
      await holder.query('begin; lock table products in share mode');
      await run.executeUpdate<object, [object]>('rollback', { args: [{ scope: 'full', fromBackup: true }] });
      await waitsForLock(environment);
      doomed.signal('SIGKILL');
      await doomed.ended;
      await holder.end();
      const worker = await startWorkerProcess(environment);
      expect(await run.result()).toMatchObject({ state: 'rolled-back' });
      await worker.stop();
      expect(await takeFingerprint(environment)).toEqual(before);
    }),
  );
});

/** Until somebody waits for a lock in the target. */
async function waitsForLock(environment: RunEnvironment): Promise<void> {
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await environment.query('target', waiting)).length === 0) await sleep(20);
}
