import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createActivityEnvironment, type ActivityEnvironment } from './activity-environment.js';
import { steered, wish, type Wish } from './steered-workflow.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const ref = { run: 'steered', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z', step: 'products' };
const counts = { read: 30, migrated: 29, merged: 0, rejected: 1, warnings: 0 };

let environment: ActivityEnvironment;
let connection: NativeConnection;
let workflowBundle: { code: string };
beforeAll(async () => {
  environment = await createActivityEnvironment();
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('steered-workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
});
afterAll(async () => {
  await connection.close();
  await environment.close();
});

/** What the activity may be busy with. */
function acts() {
  const { context } = environment;
  return {
    /** Is at something that only the server can end. */
    stuckInTheTarget: () =>
      context.attempt(ref, () => context.withTarget((client) => client.query('select pg_sleep(60)'))),
    /** Commits one thing after the other. */
    chunks: () =>
      context.attempt(ref, async ({ pause, progress }) => {
        for (let done = 0; ; done++) {
          progress({ done, of: null, counts, rowsPerSecond: 10 });
          await sleep(100);
          if (pause.aborted) return { ...counts, done: false };
        }
      }),
    /** Its last chunk takes longer than anybody may wait. */
    longChunk: () => context.attempt(ref, () => new Promise<never>(() => undefined)),
  };
}

type Act = keyof ReturnType<typeof acts>;

function createWorker(taskQueue: string): Promise<Worker> {
  return Worker.create({
    connection,
    taskQueue,
    workflowBundle,
    activities: { act: (how: Act) => acts()[how]() },
    maxHeartbeatThrottleInterval: '500ms',
  });
}

/** Starts the workflow on a task queue of its own. */
function start(how: Act) {
  const taskQueue = `steered-${randomBytes(6).toString('hex')}`;
  return environment.temporal.workflow.start(steered, { taskQueue, workflowId: taskQueue, args: [how] });
}

/** Runs the activity in a worker, and has it steered after a while. Answers its end, and how long that took from then. */
async function steer(how: Act, wanted: Wish) {
  const handle = await start(how);
  const worker = await createWorker(handle.workflowId);
  return worker.runUntil(async () => {
    await sleep(1_500);
    const wishedAt = performance.now();
    await handle.signal(wish, wanted);
    const end = await handle.result();
    const { events } = await handle.fetchHistory();
    return { ...end, ms: performance.now() - wishedAt, events: events?.length ?? 0 };
  });
}

async function backends(): Promise<number> {
  const rows = await environment.query<{ count: number }>(
    'target',
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name ~ '^nxt-migrate .* '`,
  );
  return rows[0]?.count ?? -1;
}

describe('an activity that its run steers', () => {
  test('stops within 3 seconds although it is deep in the server, and leaves no connection', async () => {
    const end = await steer('stuckInTheTarget', { steering: 'stop', cancel: true });
    expect(end.how).toBe('cancelled');
    expect(end.ms).toBeLessThan(3_000);
    expect(await backends()).toBe(0);
  });

  test('that is paused ends with what it has committed, at once', async () => {
    const end = await steer('chunks', { steering: 'pause', cancel: true });
    expect(end).toMatchObject({ how: 'answered', answer: { ...counts, done: false } });
    expect(end.ms).toBeLessThan(1_500);
  });

  test('that is paused and does not come to an end is stopped within 5 seconds', async () => {
    const end = await steer('stuckInTheTarget', { steering: 'pause', cancel: true });
    expect(end.how).toBe('cancelled');
    expect(end.ms).toBeGreaterThan(2_500);
    expect(end.ms).toBeLessThan(5_000);
    expect(await backends()).toBe(0);
  });

  test('that notices nothing at all is given up on', { timeout: 20_000 }, async () => {
    const end = await steer('longChunk', { steering: 'stop', cancel: true });
    expect(end.how).toBe('cancelled');
    expect(end.ms).toBeLessThan(6_000);
  });

  test('heeds an answer to its report also before it is cancelled', async () => {
    const end = await steer('chunks', { steering: 'pause', cancel: false });
    expect(end).toMatchObject({ how: 'answered', answer: { done: false } });
    expect(end.ms).toBeLessThan(2_500);
  });

  test('tells the run how far it is, about once a second, without an event of its history', async () => {
    const end = await steer('chunks', { steering: 'pause', cancel: true });
    expect(end.reports.length).toBeGreaterThanOrEqual(2);
    expect(end.reports.at(-1)).toMatchObject({
      activity: 'act',
      step: 'products',
      of: null,
      counts,
      rowsPerSecond: 10,
    });
    expect(end.reports.at(-1)?.done).toBeGreaterThan(5);
    expect(end.events).toBeLessThan(20);
  });
});

test('an activity whose worker is shut down ends with what it has committed, in that worker', async () => {
  const handle = await start('chunks');
  const first = await createWorker(handle.workflowId);
  await first.runUntil(sleep(1_500));
  const second = await createWorker(handle.workflowId);
  const { how, answer } = await second.runUntil(handle.result());
  expect({ how, answer }).toEqual({ how: 'answered', answer: { ...counts, done: false } });
});
