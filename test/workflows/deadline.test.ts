import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities } from '../../activities/types.js';
import type { RunInput } from '../../src/contract/input.js';
import { queryNames, signalNames, workflowType, type UpdateName } from '../../src/contract/names.js';
import type { RunState, RunStatus } from '../../src/contract/status.js';
import { builtProduct } from '../helpers/built-product.js';
import { hour, outline } from './example-run.js';
import { halfMoved, quickActivities } from './quick-activities.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

interface Overdue {
  readonly cause: Error | undefined;
  readonly afterMs: number;
}

/** A run on a clock that can be put forward. */
interface RunOnClock {
  readonly handle: WorkflowHandle;
  readonly update: (name: UpdateName, args?: object) => Promise<unknown>;
  readonly until: (state: RunState) => Promise<RunStatus>;
  /** Its failure, and after how long it came. Lets the clock go on until then. */
  readonly failure: () => Promise<Overdue>;
}

describe('the clock of a run', { timeout: 30_000 }, () => {
  let environment: TestWorkflowEnvironment;
  let codePath: string;
  /** steps in the order in which they were undone, since the run began */
  const undone: string[] = [];

  beforeAll(async () => {
    codePath = await builtProduct('workflow-bundle.js');
    const executable = { type: 'existing-path', path: inject('temporalTestServer') } as const;
    environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  });
  afterAll(() => environment.teardown());

  async function start<T>(
    input: RunInput,
    over: Partial<Activities>,
    work: (run: RunOnClock) => Promise<T>,
  ): Promise<T> {
    undone.splice(0);
    const quick = quickActivities();
    const taskQueue = `clock-${Math.random()}`;
    const activities = quickActivities({
      undoStep: async (ref) => {
        undone.push(ref.step);
        return quick.undoStep(ref);
      },
      ...over,
    });
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: { codePath },
      activities,
    });
    return worker.runUntil(async () => {
      const { workflow } = environment.client;
      return work(
        onClock(await workflow.start(workflowType, { taskQueue, workflowId: taskQueue, args: [input] })),
      );
    });
  }

  function onClock(handle: WorkflowHandle): RunOnClock {
    return {
      handle,
      update: (name, args = {}) => handle.executeUpdate(name, { args: [args] }),
      until: async (state) => {
        for (;;) {
          const status = await handle.query<RunStatus>(queryNames.status);
          if (status.state === state) return status;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      failure: async () => {
        const error: unknown = await handle.result().catch((caught: unknown) => caught);
        if (!(error instanceof WorkflowFailedError)) throw new Error(`it did not fail: ${String(error)}`);
        const { startTime, closeTime } = await handle.describe();
        return { cause: error.cause, afterMs: Number(closeTime) - Number(startTime) };
      },
    };
  }

  const rowsDiffer: Partial<Activities> = {
    openVerification: async () => ({ ranges: 1 }),
    verifyStep: async () => ({ rows: 10, differences: 1, corrupted: 0 }),
  };
  const diskFull: Partial<Activities> = {
    checkDisk: async () => ({ passed: false, code: 'ERR_008', reason: 'The disk is full.' }),
  };
  const stepwise = { mode: 'stepwise' } as const;

  function expectOverdue({ cause, afterMs }: Overdue, ms: number): void {
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'ERR_006', nonRetryable: true });
    expect(cause?.message).toContain('The run was rolled back: the target is as it was before.');
    expect(afterMs).toBeGreaterThanOrEqual(ms);
    expect(afterMs).toBeLessThan(ms + 2_000);
  }

  it('stops at 4 hours: a run that is held is undone then, children first, and says so', () =>
    start({}, rowsDiffer, async ({ failure }) => {
      const failed = await failure();
      expectOverdue(failed, 4 * hour);
      expect(failed.cause?.message).toContain('its deadline, ');
      expect(undone).toEqual(['price-lists', 'inventory', 'products', 'suppliers', 'customers']);
    }));

  it('stops at maxDuration; nothing is undone where nothing has begun', () =>
    start({ maxDuration: '30m' }, diskFull, async ({ failure }) => {
      expectOverdue(await failure(), hour / 2);
      expect(undone).toEqual([]);
    }));

  it('stops a run at work', () => {
    const slow: Partial<Activities> = {
      moveStep: async () => {
        await environment.sleep('5s');
        return halfMoved;
      },
    };
    return start({ maxDuration: '1m' }, slow, async ({ failure }) => {
      expectOverdue(await failure(), 60_000);
      expect(undone).toEqual(['customers']);
    });
  });

  it.each([
    [signalNames.pause, 'paused'],
    [signalNames.emergencyStop, 'stopped'],
  ] as const)('goes on after the signal %s: a run that is %s is undone at its deadline', (signal, state) =>
    start(stepwise, {}, async ({ handle, until, update, failure }) => {
      await until('waiting');
      await update('run-step', { step: 'customers' });
      await until('waiting');
      await handle.signal(signal);
      await until(state);
      expectOverdue(await failure(), 4 * hour);
      expect(undone).toEqual(['customers']);
    }),
  );

  it('goes on while a stepwise run waits for its operator', () =>
    start(stepwise, {}, async ({ until, update, failure }) => {
      await until('waiting');
      await update('run-step', { step: 'customers' });
      await until('waiting');
      expectOverdue(await failure(), 4 * hour);
      expect(undone).toEqual(['customers']);
    }));

  it('is put back by extend-deadline: nothing happens at the old time', () =>
    start(stepwise, {}, async ({ until, update, failure }) => {
      await until('waiting');
      await update('extend-deadline', { by: '1h' });
      await environment.sleep('270m');
      expect(await until('waiting')).toMatchObject({ lastError: null });
      expectOverdue(await failure(), 5 * hour);
    }));

  it.each(['1h', '6h'] as const)('follows configure: maxDuration %s', (maxDuration) =>
    start(stepwise, {}, async ({ until, update, failure }) => {
      await until('waiting');
      const answer = await update('configure', { maxDuration });
      expect(answer).toEqual({ accepted: 'configure', maxDuration: { from: '4h', to: maxDuration } });
      expectOverdue(await failure(), Number.parseInt(maxDuration) * hour);
    }),
  );

  it('changes nothing when it passes in the middle of an undo', () => {
    let parts = 0;
    const slowly: Partial<Activities> = {
      undoStep: async () => {
        await environment.sleep('8s');
        return { read: 0, migrated: 0, merged: 0, rejected: 0, warnings: 0, done: ++parts === 6 };
      },
    };
    return start({ ...stepwise, maxDuration: '30s' }, slowly, async (run) => {
      await run.until('waiting');
      await run.update('run-step', { step: 'customers' });
      await run.until('waiting');
      await run.update('rollback', { scope: 'full' });
      const status = await run.handle.result();
      expect(status).toMatchObject({ state: 'rolled-back', secondsLeft: 0, lastError: null });
      expect(parts).toBe(6);
    });
  });

  describe('when an undo cannot be done', () => {
    /** The target is not what it was, the first time that it is looked at. */
    function differsOnce(): Partial<Activities> {
      const differences = [['customers differs.'], []];
      return {
        proveUndone: async () => ({ differences: differences.shift() ?? [], othersRows: 1, backup: null }),
      };
    }

    async function outlastsItsDeadline({ until }: RunOnClock): Promise<void> {
      const { actions } = await until('rollback-failed');
      await environment.sleep('5h');
      const status = await until('rollback-failed');
      expect(status).toMatchObject({ secondsLeft: 0, actions, lastError: { code: 'ERR_010' } });
    }

    it('does nothing to a rollback that an operator has asked for; retry ends it as rolled back', () =>
      start(stepwise, differsOnce(), async (run) => {
        await run.until('waiting');
        await run.update('run-step', { step: 'customers' });
        await run.until('waiting');
        await run.update('rollback', { scope: 'full' });
        await outlastsItsDeadline(run);
        await run.update('retry');
        expect(await run.handle.result()).toMatchObject({ state: 'rolled-back', rows: { migrated: 0 } });
        expect(undone).toEqual(['customers']);
      }));

    it('does nothing to a cancelled run; retry ends it as cancelled', () =>
      start(stepwise, differsOnce(), async (run) => {
        await run.until('waiting');
        await run.update('run-step', { step: 'customers' });
        await run.until('waiting');
        await run.handle.cancel();
        await outlastsItsDeadline(run);
        await run.update('retry');
        expect((await run.failure()).cause).toBeInstanceOf(CancelledFailure);
      }));
  });

  it('has no say in a run that is closed in time: stepwise through all phases', () =>
    start(stepwise, {}, async ({ handle, until, update }) => {
      for (const { step, table } of outline.steps) {
        const waiting = await until('waiting');
        expect(waiting.waitingFor?.reason).toContain(step);
        expect(await update('run-step', { step })).toMatchObject({
          accepted: 'run-step',
          will: 'step',
          tables: [{ table }],
        });
      }
      expect((await until('waiting')).waitingFor?.reason).toBe('validate');
      await update('run-step', { step: 'validate' });
      expect((await until('waiting')).waitingFor?.reason).toBe('finalize');
      await update('run-step', { step: 'finalize' });
      expect(await handle.result()).toMatchObject({
        state: 'completed',
        phase: 'finalize',
        rows: { read: 50, migrated: 50 },
        checkpoints: outline.steps.map(({ table }) => ({ name: `${table}_completed` })),
        waitingFor: null,
        lastError: null,
        report: 'report.json',
      });
    }));
});
