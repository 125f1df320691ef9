import { Client } from 'pg';
import { expect, test } from 'vitest';
import { attemptName, connectionName, endEarlierAttempts } from '../../activities/attempt.js';
import { withDatabase } from '../helpers/databases.js';

function attempt(scheduled: number, activityId = 'moveStep products 0', workflowId = 'run', runId = 'r') {
  const workflowExecution = { workflowId, runId };
  return attemptName({ activityId, workflowExecution, currentAttemptScheduledTimestampMs: scheduled });
}

test('the name of an attempt is the same act for its retries, for what goes on after a pause, and as a new execution', () => {
  const first = attempt(1_763_881_200_000);
  expect(attempt(1_763_881_205_000).act).toBe(first.act);
  expect(attempt(1_763_881_205_000, 'moveStep products 0', 'run', 'continued as new').act).toBe(first.act);
  expect(attempt(1_763_881_205_000).order).toBeGreaterThan(first.order);
});

test('another lane, another step and another run are other acts', () => {
  const acts = [attempt(1), attempt(1, 'moveStep products 1'), attempt(1, 'moveStep customers 0')].concat(
    attempt(1, 'moveStep products 0', 'other run'),
  );
  expect(new Set(acts.map(({ act }) => act)).size).toBe(4);
});

test('the server keeps the whole name, however long the workflow id is', () => {
  expect(connectionName(attempt(8_640_000_000_000_000, 'x', 'w'.repeat(900))).length).toBeLessThanOrEqual(63);
});

test('an attempt ends what earlier ones of its act have left open, and nothing else', () =>
  withDatabase(async (url) => {
    const now = attempt(2_000_000_000_000);
    const named = {
      frozen: connectionName(attempt(1_999_999_999_999)),
      ours: connectionName(now),
      later: connectionName(attempt(2_000_000_000_001)),
      neighbour: connectionName(attempt(1_999_999_999_999, 'moveStep products 1')),
      'no attempt': 'nxt-migrate',
      'not ours': 'psql 9 of somebody',
    };
    const open = await Promise.all(
      Object.entries(named).map(async ([who, application_name]) => {
        const client = new Client({ connectionString: url, application_name });
        client.on('error', () => undefined);
        await client.connect();
        return { who, client };
      }),
    );
    const asking = new Client({ connectionString: url });
    await asking.connect();
    await endEarlierAttempts(asking, now);
    const ended = await Promise.all(
      open.map(async ({ who, client }) => {
        const alive = await client.query('select 1').then(
          () => true,
          () => false,
        );
        return alive ? [] : [who];
      }),
    );
    expect(ended.flat()).toEqual(['frozen']);
    await Promise.all([asking.end(), ...open.map(({ client }) => client.end().catch(() => undefined))]);
  }));
