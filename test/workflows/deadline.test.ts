import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities } from '../../activities/types.js';
import { builtProduct } from '../helpers/built-product.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const hour = 3_600_000;
const passed = { passed: true, code: '', reason: '' };

/** A run of one step whose work takes no time: what is left is the clock. */
function quickActivities(over: Partial<Activities> = {}): Activities {
  const counts = { read: 10, migrated: 10, merged: 0, rejected: 0, warnings: 0 };
  return {
    findLeftBehind: async () => null,
    openRun: async () => ({
      searchAttributes: false,
      parallel: 1,
      outline: {
        plan: 'nxt',
        title: '',
        steps: [{ step: 'customers', table: 'customers', label: '', dependsOn: [] }],
      },
    }),
    checkConnections: async () => passed,
    prepareTarget: async () => passed,
    inspectSource: async () => passed,
    scoreQuality: async () => ({ ...passed, score: 1 }),
    checkDisk: async () => passed,
    fingerprintTarget: async () => undefined,
    backUpTarget: async () => passed,
    surveyStep: async () => ({ source: 10, ranges: 1 }),
    moveStep: async () => ({ ...counts, tooManyErrors: false }),
    completeStep: async () => ({
      ...counts,
      checkpoint: 'customers_completed',
      at: new Date(0).toISOString(),
    }),
    verifyStep: async () => ({ rows: 10, differences: 0, corrupted: 0 }),
    checkCounts: async () => [],
    checkReferences: async () => [],
    checkRules: async () => [],
    undoStep: async () => ({ rows: 10 }),
    proveUndone: async () => undefined,
    finishTarget: async () => undefined,
    writeReport: async () => ({ path: '' }),
    closeRun: async () => undefined,
    ...over,
  };
}

describe('the time limit of a run', { timeout: 90_000 }, () => {
  let environment: TestWorkflowEnvironment;
  let codePath: string;
  beforeAll(async () => {
    codePath = await builtProduct('workflow-bundle.js');
    const executable = { type: 'existing-path', path: inject('temporalTestServer') } as const;
    environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  });
  afterAll(() => environment.teardown());

  /** Runs the workflow with these activities and answers its failure, and after how long it came. */
  async function failureOf(
    activities: Activities,
    input: object,
  ): Promise<{ failure: ApplicationFailure; afterMs: number }> {
    const taskQueue = `clock-${Math.random()}`;
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: { codePath },
      activities,
    });
    return worker.runUntil(async () => {
      const handle = await environment.client.workflow.start('migration', {
        taskQueue,
        workflowId: taskQueue,
        args: [input],
      });
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      const { startTime, closeTime } = await handle.describe();
      const { cause } = error as WorkflowFailedError;
      expect(cause).toBeInstanceOf(ApplicationFailure);
      return { failure: cause as ApplicationFailure, afterMs: Number(closeTime) - Number(startTime) };
    });
  }

  it('is 4 hours: a run that waits for its operator is undone then, and says so', async () => {
    const undone: string[] = [];
    const held = quickActivities({
      verifyStep: async () => ({ rows: 10, differences: 1, corrupted: 0 }),
      undoStep: async ({ step }) => {
        undone.push(step);
        return { rows: 10 };
      },
    });
    const { failure, afterMs } = await failureOf(held, {});
    expect(failure).toMatchObject({ type: 'ERR_006', nonRetryable: true });
    expect(failure.message).toContain('4h');
    expect(undone).toEqual(['customers']);
    expect(Math.round(afterMs / hour)).toBe(4);
  });

  it('is what maxDuration says', async () => {
    const held = quickActivities({
      checkDisk: async () => ({ passed: false, code: 'ERR_008', reason: 'full' }),
    });
    const { failure, afterMs } = await failureOf(held, { maxDuration: '30m' });
    expect(failure.type).toBe('ERR_006');
    expect(Math.round(afterMs / (hour / 2))).toBe(1);
  });

  it('undoes nothing when nothing has begun', async () => {
    const undone: string[] = [];
    const held = quickActivities({
      checkDisk: async () => ({ passed: false, code: 'ERR_008', reason: 'full' }),
      undoStep: async ({ step }) => {
        undone.push(step);
        return { rows: 0 };
      },
    });
    await failureOf(held, { maxDuration: '1h' });
    expect(undone).toEqual([]);
  });
});
