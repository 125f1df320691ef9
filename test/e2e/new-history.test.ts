/** A run whose history has grown long goes on in a new one. The server's own limit is lowered here, so that it soon does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createKeeper, type Keeper } from '../../src/servers/keeper.js';
import { startTemporalDevServer } from '../../src/servers/temporal-dev-server.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

const input = { maxErrorRate: 1, minQualityScore: 0, backup: false, batchSizes: { default: 50 } };

describe('a run that goes on in a new history', { timeout: 180_000 }, () => {
  let keeper: Keeper;
  let environment: RunEnvironment;
  let worker: { stop(): Promise<void> };
  beforeAll(async () => {
    keeper = createKeeper({ log: () => undefined });
    const server = await startTemporalDevServer({
      keeper,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '100' },
    });
    environment = await createRunEnvironment({}, { temporalAddress: server.address });
    await seedLegacy({ url: environment.source.url, rows: 4_000 });
    worker = await environment.startWorker();
  }, 90_000);
  afterAll(async () => {
    await worker.stop();
    await environment.close();
    await keeper.close();
  });

  it('loses nothing of what it is, nor of what it is told meanwhile', async () => {
    const run = await environment.start({ ...input, name: 'Long', maxDuration: '3h' });
    const first = (await run.describe()).runId;
    const { startedAt } = await run.query<RunStatus>('status');
    await environment.waitFor(run, ({ phase }) => phase === 'migrate');
    const extended = await run.executeUpdate<{ to: string }, [object]>('extend-deadline', {
      args: [{ by: '30m' }],
    });
    // Steered all the time, in the middle of its steps.
    let pauses = 0;
    let updates = 0;
    for (;;) {
      const { status } = await run.describe();
      if (status.name !== 'RUNNING' || pauses === 25) break;
      await run.signal('pause', { by: 'anna', reason: `pause ${pauses}` });
      await run.signal('resume', { by: 'anna', reason: `resume ${pauses}` });
      pauses++;
      await run.executeUpdate('configure', { args: [{ alertErrorRate: pauses / 100 }] }).then(
        () => updates++,
        (error: unknown) => {
          // The run may be closing by now; nothing else may come in the way.
          if (
            !/being closed|not found|already completed/.test(String(error) + String((error as Error).cause))
          )
            throw error;
        },
      );
    }
    const status = await run.result();
    expect((await run.describe()).runId).not.toBe(first);
    expect(status).toMatchObject({ state: 'completed', name: 'Long', startedAt, deadline: extended.to });
    for (const step of status.steps) {
      expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
      expect(step.read).toBe(step.migrated + step.merged + step.rejected);
    }
    const told = (what: string) =>
      status.actions.filter((action) => action.what === what && action.by === 'anna');
    expect(pauses).toBeGreaterThan(5);
    expect(told('pause').length).toBeGreaterThanOrEqual(pauses - 1);
    expect(status.actions.filter(({ what }) => what === 'configure')).toHaveLength(updates);
    expect(await environment.query('target', 'select run from migration.runs')).toEqual([
      { run: run.workflowId },
    ]);
  });

  it('that is held, paused or stepped through', async () => {
    const run = await environment.start({ ...input, mode: 'stepwise', name: 'Stepped' });
    await environment.waitFor(run, ({ state }) => state === 'waiting');
    await run.signal('pause');
    const first = (await run.describe()).runId;
    for (let i = 0; (await run.describe()).runId === first; i++)
      await run.signal(i % 2 === 0 ? 'pause' : 'emergency-stop', { reason: String(i) });
    await run.signal('pause');
    expect(await run.query('status')).toMatchObject({ state: 'stopped', name: 'Stepped', mode: 'stepwise' });
    await run.signal('resume');
    await run.executeUpdate('run-step', { args: [{ step: 'customers' }] });
    const status = await environment.waitFor(run, ({ state }) => state === 'waiting');
    expect(status.steps[0]).toMatchObject({ state: 'completed' });
    await run.cancel();
    await expect(run.result()).rejects.toThrow('Workflow execution cancelled');
    expect(
      await environment.query('target', `select state from migration.runs where name = 'Stepped'`),
    ).toEqual([{ state: 'rolled-back' }]);
  });
});
