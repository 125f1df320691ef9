import { ActivityCancellationDetails, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Attempt } from '../../activities/run-activity.js';
import { MigrationError } from '../../src/contract/errors.js';
import { createActivityEnvironment, type ActivityEnvironment } from './activity-environment.js';

const ref = { run: 'run', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z', step: 'products' };
const counts = { read: 30, migrated: 29, merged: 0, rejected: 1, warnings: 0 };

let environment: ActivityEnvironment;
beforeEach(async () => {
  environment = await createActivityEnvironment();
});
afterEach(() => environment.close());

/** An activity that does `act`, and the attempt that it runs in. */
function begin<T>(act: (attempt: Attempt) => Promise<T>) {
  const attempt = environment.attempt('moveStep products 0');
  const beats: unknown[] = [];
  attempt.on('heartbeat', (details) => beats.push(details));
  const ended = attempt.run(() => environment.context.attempt(ref, act));
  ended.catch(() => undefined);
  return { attempt, beats, ended };
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

test('a failure says what to do next, where, and the figures last told', async () => {
  const { ended } = begin(async ({ progress }) => {
    progress({ done: 30, of: null, counts });
    progress({ done: 31, of: null });
    throw new MigrationError('ERR_008', 'The disk is full.', {
      next: 'Make room.',
      place: { table: 'products' },
    });
  });
  await expect(ended).rejects.toMatchObject({
    type: 'ERR_008',
    nonRetryable: true,
    details: [{ next: 'Make room.', place: { table: 'products' }, counts }],
  });
  await expect(ended).rejects.toBeInstanceOf(ApplicationFailure);
});

test('a heartbeat four times a second tells what is done, of which step', async () => {
  const { beats, ended } = begin(async ({ progress }) => {
    progress({ done: 5, of: 10, rowsPerSecond: 7 });
    progress({ done: 6, of: 10 });
    await new Promise((resolve) => setTimeout(resolve, 800));
  });
  await ended;
  expect(beats.length).toBeGreaterThanOrEqual(2);
  expect(beats.at(-1)).toEqual({
    id: 'moveStep products 0',
    activity: 'moveStep products 0',
    step: 'products',
    done: 6,
    of: 10,
    rowsPerSecond: 7,
  });
});

describe('an activity that is interrupted', () => {
  // The workflow of this environment does not exist, so that what is cancelled is dropped.
  test('ends as cancelled, whatever the interruption looked like from inside', async () => {
    const { attempt, ended } = begin(() =>
      environment.context.withTarget((client) => client.query('select pg_sleep(60)')),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    attempt.cancel();
    await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
  });

  test('answers what it has when it comes to an end in spite of it', async () => {
    const { attempt, ended } = begin(async ({ pause }) => {
      await until(pause);
      return { ...counts, done: false };
    });
    attempt.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await expect(ended).resolves.toEqual({ ...counts, done: false });
  });

  test.each([
    ['PAUSED', { paused: true }],
    ['RESET', { reset: true }],
  ] as const)("by Temporal's own tools (%s) is left to them when it is not done", async (reason, details) => {
    const part = begin(async ({ pause }) => {
      await until(pause);
      return { ...counts, done: false };
    });
    part.attempt.cancel(reason, new ActivityCancellationDetails(details));
    await expect(part.ended).rejects.toBeInstanceOf(CancelledFailure);

    const whole = begin(async ({ pause }) => {
      await until(pause);
      return { ...counts, done: true };
    });
    whole.attempt.cancel(reason, new ActivityCancellationDetails(details));
    await expect(whole.ended).resolves.toEqual({ ...counts, done: true });
  });

  test('may look at what it has left, once its connections have ended', async () => {
    const { attempt, ended } = begin(async ({ stopped }) => {
      const { context } = environment;
      await context
        .withTarget((client) => client.query('create table half (); select pg_sleep(60)'))
        .catch(() => undefined);
      await stopped();
      return context.afterStop(async (client) => {
        const { rows } = await client.query<{ there: boolean }>(
          "select to_regclass('half') is not null as there",
        );
        return rows[0]?.there;
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    attempt.cancel();
    expect(await ended).toBe(false);
  });
});
