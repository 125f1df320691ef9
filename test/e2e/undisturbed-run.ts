/**
 * What an undisturbed run makes of a legacy database, to hold disturbed runs against: in the end the target must hold
 * exactly that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { contentsOf, type RunContents } from '../helpers/run-contents.js';
import { createRunEnvironment, type RunEnvironment, type Servers } from '../helpers/run-environment.js';
import { startWorkerProcess, type WorkerEnd, type WorkerProcess } from '../helpers/worker-process.js';

/** Small chunks, so that there are many. */
export const input = { batchSizes: { default: 200 }, parallel: 2 };

/** SQL condition on `t`: rows that the target has before the run. */
export const before = `coalesce(to_jsonb(t)->>'customer_code', '') like 'HERE-%'`;

/** Runs the work in an environment of its own, whose legacy database is the same each time. */
export async function withSeeded<T>(
  work: (environment: RunEnvironment) => Promise<T>,
  servers: Servers = {},
): Promise<T> {
  const environment = await createRunEnvironment({}, servers);
  try {
    await seedLegacy({ url: environment.source.url, rows: 4_000 });
    return await work(environment);
  } finally {
    await environment.close();
  }
}

export function undisturbedRun(): Promise<RunContents> {
  return withSeeded(runUndisturbed);
}

/** What a run makes of the environment's legacy database when nothing happens to it. */
export async function runUndisturbed(environment: RunEnvironment): Promise<RunContents> {
  const worker = await startWorkerProcess(environment);
  const status = await resultOf(await environment.start(input));
  await worker.stop();
  return contentsOf(environment, status);
}

type RunHandle = Awaited<ReturnType<RunEnvironment['start']>>;

/** How a worker ended in the middle of the run; throws when the run is over, or waits for an operator, before that. */
export function endOf(worker: WorkerProcess, handle: RunHandle): Promise<WorkerEnd> {
  const withoutIt = resultOf(handle).then(({ state }) => {
    throw new Error(`the run is ${state}, and the worker has not ended`);
  });
  return Promise.race([worker.ended, withoutIt]);
}

/** The result of the run; throws with the reason as soon as the run waits for an operator instead. */
export async function resultOf(handle: RunHandle): Promise<RunStatus> {
  for (;;) {
    const { status, typedSearchAttributes } = await handle.describe();
    if (status.name !== 'RUNNING') return handle.result();
    const [state] = typedSearchAttributes
      .getAll()
      .flatMap(({ key, value }) => (key.name === 'MigrationState' ? [value] : []));
    if (state === 'waiting') {
      const { waitingFor } = await handle.query<RunStatus>('status');
      throw new Error(`the run is held: ${JSON.stringify(waitingFor)}`);
    }
    await sleep(500);
  }
}

/** The run is complete, every row is there once, everything is put back, and nobody is left at work. */
export async function expectUndisturbed(
  environment: RunEnvironment,
  status: RunStatus,
  undisturbed: RunContents,
): Promise<void> {
  expect(status).toMatchObject({ state: 'completed', waitingFor: null });
  for (const step of status.steps) {
    expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
    expect(step.read).toBe(step.migrated + step.merged + step.rejected);
  }
  expect(await contentsOf(environment, status, before)).toEqual(undisturbed);
  expect(await brokenRanges(environment)).toEqual([]);
  expect(await rowsWithoutLineage(environment, status)).toEqual([]);
  expect(await connectionsLeft(environment)).toEqual([]);
}

/** Ranges that are not done, have a gap between their chunks, or whose chunks do not add up or are not verified. */
async function brokenRanges(environment: RunEnvironment): Promise<unknown[]> {
  return environment.query(
    'target',
    `select r.step, r.source_table, r.range, r.rows, r.done_at, sum(c.read) as read, count(c.chunk) as chunks
     from migration.ranges r left join migration.chunks c using (run, step, source_table, range)
     group by r.run, r.step, r.source_table, r.range
     having r.done_at is null or r.rows <> coalesce(sum(c.read), 0) or count(c.chunk) <> coalesce(max(c.chunk) + 1, 0)
       or count(c.verified_at) <> count(c.chunk)`,
  );
}

/** Tables in which a row is not in the lineage exactly once, or that lack a row of the lineage. */
async function rowsWithoutLineage(environment: RunEnvironment, status: RunStatus): Promise<unknown[]> {
  const wrong: unknown[] = [];
  for (const { table } of status.steps)
    wrong.push(
      ...(await environment.query(
        'target',
        `select '${table}' as table, l.id as lineage, t.id, count(*)
         from (select unnest(coalesce(target_uuids::text[], target_bigints::text[])) as id
               from migration.lineage where target_table = '${table}') l
         full join (select id::text from ${table} t where not (${before})) t using (id)
         group by l.id, t.id having count(*) > 1 or l.id is null or t.id is null limit 3`,
      )),
    );
  return wrong;
}

/** Connections to the run's databases that are still there some seconds after the workers have ended. */
async function connectionsLeft(environment: RunEnvironment): Promise<unknown[]> {
  for (let tries = 0; ; tries++) {
    const left = await environment.query(
      'target',
      `select datname, application_name, state, query from pg_stat_activity
       where datname = any($1) and pid <> pg_backend_pid() and backend_type = 'client backend'`,
      [[environment.source.name, environment.target.name, environment.backup.name]],
    );
    if (left.length === 0 || tries === 50) return left;
    await sleep(100);
  }
}
