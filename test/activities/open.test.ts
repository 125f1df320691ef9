import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openActivities } from '../../activities/open.js';
import type { Activities } from '../../activities/types.js';
import { parseRunInput, type RunSettings } from '../../src/contract/input.js';
import type { RunRef } from '../../src/contract/outline.js';
import { createActivityEnvironment, type ActivityEnvironment } from './activity-environment.js';

let environment: ActivityEnvironment;
beforeEach(async () => {
  environment = await createActivityEnvironment();
});
afterEach(() => environment.close());

/** One attempt of an activity. */
function call<Name extends 'findLeftBehind' | 'openRun' | 'adoptRun'>(
  name: Name,
  argument: Parameters<Activities[Name]>[0],
): ReturnType<Activities[Name]> {
  const activities = openActivities(environment.context, { searchAttributes: true });
  return environment.attempt(name).run(activities[name] as never, argument as never) as never;
}

const startedAt = '2025-01-19T10:00:00.000Z';
const later = '2025-01-20T10:00:00.000Z';

function settings(): RunSettings {
  const input = parseRunInput({ tables: ['products'] });
  if ('problems' in input) throw new Error(input.problems.join());
  return input.settings;
}

async function open(run: string, at = startedAt): Promise<RunRef> {
  const ref = { run, plan: 'nxt', startedAt: at };
  await call('openRun', { ...ref, name: `name of ${run}`, settings: settings() });
  return ref;
}

/** What a run that came as far as the middle of its second step has in its tables. */
async function moveSome({ run }: RunRef): Promise<void> {
  await environment.query(
    'target',
    `update migration.step_states set state = case step when 'suppliers' then 'completed' else 'running' end,
       source = 40, started_at = '2025-01-19 10:01:00Z',
       ended_at = case step when 'suppliers' then timestamptz '2025-01-19 10:02:00Z' end`,
  );
  await environment.query(
    'target',
    `insert into migration.ranges (run, step, source_table, range, rows)
     select run, step, 'legacy', 0, 40 from migration.step_states`,
  );
  await environment.query(
    'target',
    `insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated, merged,
       rejected, warnings, checksum, bytes)
     select run, step, 'legacy', 0, i, '{1}', '{9}', 20, 17, 1, 2, 0, 0, 0
     from migration.step_states, generate_series(1, case step when 'suppliers' then 2 else 1 end) i`,
  );
  await environment.query(
    'target',
    `insert into migration.checkpoints (run, name, at) values ($1, 'suppliers_completed', '2025-01-19 10:02:00Z')`,
    [run],
  );
}

describe('what was left behind', () => {
  test('is nothing in an empty target, and nothing when the run itself asks again', async () => {
    const ref = { run: 'mine', plan: 'nxt', startedAt };
    expect(await call('findLeftBehind', ref)).toBeNull();
    await open('mine');
    expect(await call('findLeftBehind', ref)).toBeNull();
    await open('mine');
  });

  test('is an open run that Temporal knows no living workflow of, with its steps and rows', async () => {
    const left = await open('lost with its Temporal');
    await moveSome(left);
    expect(await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later })).toEqual({
      ...left,
      name: 'name of lost with its Temporal',
      steps: ['suppliers', 'products'],
      rows: 51,
      searchAttributes: true,
    });
  });

  test('is a run whose objects are off, although it has entered no step', async () => {
    const left = await open('lost early');
    await environment.query(
      'target',
      `insert into migration.deferred_objects (run, target_table, name, kind, definition)
       values ($1, 'suppliers', 'i', 'index', 'create index i on suppliers (name)')`,
      [left.run],
    );
    const found = await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later });
    expect(found?.steps).toEqual(['suppliers']);
    const adopted = await call('adoptRun', { ...left, by: 'mine', tables: null });
    expect(adopted.steps.find(({ step }) => step === 'suppliers')?.state).toBe('running');
  });

  test('is not a run whose workflow is alive; a new one is refused with its name', async () => {
    const alive = await environment.startWorkflow();
    await open(alive);
    expect(await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later })).toBeNull();
    await expect(open('mine', later)).rejects.toMatchObject({
      type: 'ERR_002',
      message: expect.stringContaining(`name of ${alive}`),
    });
    await environment.temporal.workflow.getHandle(alive).terminate();
    expect(await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later })).toMatchObject({
      run: alive,
    });
  });

  test('is an earlier execution under our own id, which must not be entered over', async () => {
    const left = await open('mine');
    const found = await call('findLeftBehind', { ...left, startedAt: later });
    expect(found).toMatchObject({ run: 'mine', startedAt });
    await expect(open('mine', later)).rejects.toMatchObject({ type: 'ERR_002' });
  });

  test('is not a run that a living workflow has taken over', async () => {
    const left = await open('lost');
    const heir = await environment.startWorkflow();
    await call('adoptRun', { ...left, by: heir, tables: null });
    expect(await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later })).toBeNull();
    await expect(call('adoptRun', { ...left, by: 'mine', tables: null })).rejects.toMatchObject({
      type: 'ERR_002',
      message: 'Another workflow goes on with the run lost already.',
    });
    await environment.temporal.workflow.getHandle(heir).terminate();
    expect(await call('findLeftBehind', { run: 'mine', plan: 'nxt', startedAt: later })).toMatchObject({
      run: 'lost',
    });
    expect(await call('findLeftBehind', { run: heir, plan: 'nxt', startedAt: later })).toMatchObject({
      run: 'lost',
    });
  });
});

describe('taking a run over', () => {
  test('answers what of it is done, by its own plan and steps, and notes who goes on with it', async () => {
    const left = await open('lost');
    await moveSome(left);
    await environment.query('target', `update migration.runs set backup = 'backup_1', state = 'stopped'`);
    const adopted = await call('adoptRun', { ...left, by: 'mine', tables: null });
    expect(adopted).toMatchObject({
      searchAttributes: true,
      parallel: 3,
      fingerprinted: false,
      backedUp: true,
      checkpoints: [{ name: 'suppliers_completed', at: '2025-01-19T10:02:00.000Z' }],
      outline: { plan: 'nxt' },
    });
    const opened = adopted.outline.steps;
    expect(opened.map(({ step }) => step)).toEqual(['suppliers', 'products']);
    expect(opened[1]).toMatchObject({ table: 'products', dependsOn: ['suppliers'] });
    expect(adopted.steps).toEqual([
      {
        step: 'suppliers',
        state: 'completed',
        source: 40,
        read: 40,
        migrated: 34,
        merged: 2,
        rejected: 4,
        warnings: 0,
        startedAt: '2025-01-19T10:01:00.000Z',
        endedAt: '2025-01-19T10:02:00.000Z',
      },
      expect.objectContaining({ step: 'products', state: 'running', read: 20, endedAt: null }),
    ]);
    expect(await environment.query('target', 'select state, continued_by from migration.runs')).toEqual([
      { state: 'running', continued_by: 'mine' },
    ]);
    // Its worker may have died before the answer came.
    expect(await call('adoptRun', { ...left, by: 'mine', tables: null })).toEqual(adopted);
  });

  test('is refused when the run has closed, or was begun with a plan that is not known here', async () => {
    const left = await open('lost');
    await environment.query('target', `update migration.runs set plan = 'library'`);
    await expect(call('adoptRun', { ...left, by: 'mine', tables: null })).rejects.toMatchObject({
      type: 'ERR_002',
      nonRetryable: true,
      message: 'The run lost was begun with the plan library, which this worker does not have.',
    });
    await environment.query('target', 'update migration.runs set ended_at = now()');
    await expect(call('adoptRun', { ...left, by: 'mine', tables: null })).rejects.toMatchObject({
      type: 'ERR_002',
      message: 'The run lost is not open any more on this target.',
    });
  });
});
