import { ActivityCancellationDetails } from '@temporalio/common';
import type { MockActivityEnvironment } from '@temporalio/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrateActivities } from '../../activities/migrate.js';
import { openActivities } from '../../activities/open.js';
import { prepareActivities } from '../../activities/prepare.js';
import type { Activities, MovedStep } from '../../activities/types.js';
import type { ActivityReport } from '../../src/contract/activity-report.js';
import { parseRunInput } from '../../src/contract/input.js';
import type { PassPoint } from '../../src/observe/fault-point.js';
import { createActivityEnvironment, type ActivityEnvironment } from './activity-environment.js';

const run = { run: 'moved', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };
const ref = { ...run, step: 'customers' };
const limit = { maxErrorRate: 0.1, minErrorSample: 100 };
const rows = 3_000;

let environment: ActivityEnvironment;
beforeEach(async () => {
  environment = await createActivityEnvironment();
});
afterEach(() => environment.close());

type Move = Parameters<Activities['moveStep']>[0];

/** Enters a run and surveys its customers, of which those that fulfil `bad` (SQL over `i`) will be rejected. */
async function survey(bad = 'false'): Promise<void> {
  const { context } = environment;
  await environment.query(
    'source',
    `create table legacy_customers (id int primary key, customer_code text, company_name text, email text);
     insert into legacy_customers
     select i, 'CUST-' || i, 'Company ' || i, case when ${bad} then 'nobody' else 'c' || i || '@company.example' end
     from generate_series(1, ${rows}) i`,
  );
  const input = parseRunInput({ tables: ['customers'] });
  if ('problems' in input) throw new Error(input.problems.join());
  const { settings } = input;
  const activities = {
    ...openActivities(context, { searchAttributes: false }),
    ...prepareActivities(context),
    ...migrateActivities(context),
  };
  await environment.attempt().run(() => activities.openRun({ ...run, name: 'moved', settings }));
  await environment.attempt().run(() => activities.prepareTarget(run));
  await environment.attempt().run(() => activities.surveyStep(ref));
}

/** One attempt to move them. `at` may interrupt it. */
async function move(
  over: Partial<Move> = {},
  at?: (point: string, attempt: MockActivityEnvironment) => void,
): Promise<MovedStep & { reports: ActivityReport[] }> {
  const attempt = environment.attempt('moveStep customers 0');
  const reports: ActivityReport[] = [];
  attempt.on('heartbeat', (report: ActivityReport) => reports.push(report));
  const passes: PassPoint = (point) => at?.(point, attempt);
  const { moveStep } = migrateActivities(environment.context, passes);
  const wanted: Move = { ...ref, lane: 0, batchSize: 100, timeoutMs: null, limit, ...over };
  const moved: MovedStep = await attempt.run(() => moveStep(wanted));
  return { ...moved, reports };
}

async function rowsInTarget(): Promise<number> {
  const found = await environment.query<{ rows: number }>(
    'target',
    'select count(*)::int as rows from customers',
  );
  return found[0]?.rows ?? -1;
}

/** Does `act` the n-th time that the move passes `point`. */
function atPass(point: string, n: number, act: (attempt: MockActivityEnvironment) => void) {
  let passed = 0;
  return (reached: string, attempt: MockActivityEnvironment) => {
    if (reached === point && ++passed === n) act(attempt);
  };
}

const shutDown = (attempt: MockActivityEnvironment) =>
  attempt.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
const stop = (attempt: MockActivityEnvironment) =>
  attempt.cancel('TIMED_OUT', new ActivityCancellationDetails({ timedOut: true }));

describe('an interrupted move', () => {
  test('that may end softly answers with the chunks in hand, and goes on from there when asked again', async () => {
    await survey();
    const { done, read, migrated } = await move({}, atPass('after-copy', 5, shutDown));
    expect(done).toBe(false);
    expect(read).toBeGreaterThanOrEqual(500);
    expect(read).toBeLessThan(1_000);
    expect(migrated).toBe(read);
    expect(await rowsInTarget()).toBe(read);
    expect(await move()).toMatchObject({ done: true, read: rows, migrated: rows, tooManyErrors: null });
    expect(await rowsInTarget()).toBe(rows);
  });

  test('that is stopped drops what is in hand, and still answers with what is in', async () => {
    await survey();
    const { done, read } = await move({}, atPass('after-copy', 5, stop));
    expect(done).toBe(false);
    expect(read).toBe(400);
    expect(await rowsInTarget()).toBe(400);
    expect(await move()).toMatchObject({ done: true, read: rows });
  });
});

describe('too many rejected rows', () => {
  test('of the step end it early, and are told as they were at that moment', async () => {
    await survey('i <= 150 and i % 2 = 0');
    const { done, tooManyErrors, read } = await move();
    expect(done).toBe(false);
    expect(tooManyErrors).toEqual({ what: 'customers', read: 100, rejected: 50 });
    expect(read).toBeLessThan(600);
  });

  test('of the run count too, when the step alone is within the limit', async () => {
    await survey('i <= 100 and i % 12 = 0');
    await environment.query(
      'target',
      `insert into migration.step_states (run, step, position, target_table, state)
       values ('moved', 'suppliers', 1, 'suppliers', 'completed');
       insert into migration.ranges (run, step, source_table, range, rows) values ('moved', 'suppliers', 'l', 0, 100);
       insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated, merged,
         rejected, warnings, checksum, bytes)
       values ('moved', 'suppliers', 'l', 0, 0, '{1}', '{2}', 100, 80, 0, 20, 0, 0, 0)`,
    );
    const { tooManyErrors } = await move();
    expect(tooManyErrors).toEqual({ what: 'the run', read: 200, rejected: 28 });
  });

  test('are none before there are enough rows to tell', async () => {
    await survey('i <= 150 and i % 2 = 0');
    const moved = await move({ limit: { maxErrorRate: 0.1, minErrorSample: 1_000 } });
    expect(moved).toMatchObject({ done: true, rejected: 75, tooManyErrors: null });
  });
});

test('while it moves, it tells the figures of the step as they stand in the target', async () => {
  await survey('i % 50 = 0');
  let passed = 0;
  const half = await move({}, atPass('after-copy', 10, shutDown));
  const { reports } = await move({ batchSize: 20 }, (point) => {
    // Slow enough for a few heartbeats.
    if (point === 'after-copy' && ++passed % 10 === 0)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  });
  const told = reports.flatMap(({ counts }) => (counts ? [counts] : []));
  expect(told.length).toBeGreaterThan(2);
  expect(told[0]?.read).toBeGreaterThanOrEqual(half.read);
  expect(told.at(-1)?.read).toBeGreaterThan(half.read);
  for (const { read, migrated, rejected } of told) {
    expect(read).toBe(migrated + rejected);
    expect(read).toBeLessThanOrEqual(rows);
  }
  expect(reports.at(-1)?.rowsPerSecond).toBeGreaterThan(0);
});

test('an attempt after others begins with smaller chunks, since those may have died of memory', async () => {
  await survey();
  const { context } = environment;
  const attempt = environment.attempt('moveStep customers 0');
  Object.assign(attempt.context.info, { attempt: 3 });
  const { moveStep } = migrateActivities(context);
  await attempt.run(() => moveStep({ ...ref, lane: 0, batchSize: 1_000, timeoutMs: null, limit }));
  const chunks = await environment.query<{ read: number }>(
    'target',
    'select read from migration.chunks order by chunk',
  );
  expect(chunks[0]?.read).toBe(250);
});

test('a move does not wait for a lock longer than the run wants', async () => {
  await survey();
  const client = new Client({ connectionString: environment.target.url });
  await client.connect();
  await client.query('begin; lock table customers');
  const moving = move({ timeoutMs: 300 });
  await expect(moving).rejects.toMatchObject({ type: 'ERR_001', message: expect.stringContaining('55P03') });
  await client.end();
});
