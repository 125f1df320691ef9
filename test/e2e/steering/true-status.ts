/** Whether what a run says of itself is what the target says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RunStatus } from '../../../src/contract/status.js';
import type { RunEnvironment } from '../../helpers/run-environment.js';

type Run = Awaited<ReturnType<RunEnvironment['start']>>;

/** Pauses the run unless it stands still already, or has ended. Answers what it says then. */
export async function settled(run: Run): Promise<RunStatus> {
  const still = ['waiting', 'paused', 'stopped', 'rollback-failed', 'rolled-back', 'completed'];
  await run.signal('pause').catch(() => undefined);
  for (;;) {
    const status = await run.query<RunStatus>('status');
    if (still.includes(status.state)) return status;
    await sleep(50);
  }
}

/**
 * The figures of each step are those of the target, and nothing of ours is open there.
 *
 * @param figures false where a worker has died: it has not told its last ones, and they are right again when work goes on
 */
export async function expectTrue(
  environment: RunEnvironment,
  status: RunStatus,
  { figures }: { readonly figures: boolean },
): Promise<void> {
  if (status.steps.length === 0) return;
  const inTarget = await environment.query(
    'target',
    `select step, read::int, migrated::int, merged::int, rejected::int from migration.steps
     where run = (select run from migration.runs order by started_at desc limit 1) order by position`,
  );
  const told = status.steps.map(({ step, read, migrated, merged, rejected }) => ({
    step,
    read,
    migrated,
    merged,
    rejected,
  }));
  expect(figures ? told : inTarget).toEqual(inTarget);
  const open = await environment.query(
    'target',
    `select application_name, state, query from pg_stat_activity
     where datname = current_database() and application_name like 'nxt-migrate%' and xact_start is not null`,
  );
  expect(open).toEqual([]);
}
