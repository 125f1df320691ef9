/**
 * Workers killed, frozen and cut off at the points where it hurts: the run goes on by itself, and in the end the target
 * holds exactly what an undisturbed run over the same legacy database makes of it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { contentsOf, type RunContents } from '../helpers/run-contents.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';

/** A heartbeat timeout of ten seconds stands between a worker's death and the next attempt. */
const timeout = 150_000;
const rows = 4_000;
const input = { batchSizes: { default: 200 }, parallel: 2 };

/** Each at a passing in the middle of things: of a run of many chunks, of the objects of a table. */
const kills: readonly [what: string, point: FaultPoint, passing: number][] = [
  ['in a survey, with the indexes taken off', 'objects-off', 3],
  ['before it claims a chunk', 'before-claim', 7],
  ['in the middle of a COPY', 'in-copy', 7],
  ['after the COPY, before the rest of the chunk commits', 'after-copy', 8],
  ['right before a commit', 'before-commit', 7],
  ['after a commit that Temporal has not heard of', 'after-commit', 7],
  ['between a range and the next', 'range-done', 2],
  ['in the middle of building an index', 'in-index-build', 4],
  ['between two indexes', 'object-back', 5],
  ['inside a chunk of a verification', 'chunk-compared', 6],
  ['between chunks of a verification', 'chunk-verified', 9],
];

const freezes: readonly [what: string, point: FaultPoint, passing: number][] = [
  ['in the middle of a COPY', 'in-copy', 7],
  ['right before a commit', 'before-commit', 7],
  ['in the middle of building an index', 'in-index-build', 2],
];

let undisturbed: RunContents;

beforeAll(async () => {
  const environment = await seeded();
  try {
    const worker = await startWorkerProcess(environment);
    const status = await resultOf(await environment.start(input));
    await worker.stop();
    undisturbed = await contentsOf(environment, status);
  } finally {
    await environment.close();
  }
});
afterAll(killWorkers);

describe.concurrent('a worker is killed', () => {
  test.for(kills)('%s', { timeout }, ([, point, passing], { expect: expected }) =>
    withSeeded(async (environment) => {
      const doomed = await startWorkerProcess(environment, `${point}:${passing}`);
      const handle = await environment.start(input);
      expected(await doomed.ended).toMatchObject({ signal: 'SIGKILL' });
      const worker = await startWorkerProcess(environment);
      const status = await resultOf(handle);
      await worker.stop();
      await expectUndisturbed(environment, status);
    }),
  );
});

/** Rows that the target has before the run, so that there is something to back up. */
const before = `coalesce(to_jsonb(t)->>'customer_code', '') like 'HERE-%'`;

describe.concurrent('a worker is killed, and the target has rows of its own', () => {
  const points: readonly [string, FaultPoint][] = [
    ['in the middle of a backup', 'in-backup'],
    ['after a backup that Temporal has not heard of', 'backup-made'],
  ];
  test.for(points)('%s', { timeout }, ([, point], { expect: expected }) =>
    withSeeded(async (environment) => {
      await fillTarget(environment);
      const own = await ownRows(environment);
      const doomed = await startWorkerProcess(environment, point);
      const handle = await environment.start(input);
      expected(await doomed.ended).toMatchObject({ signal: 'SIGKILL' });
      const worker = await startWorkerProcess(environment);
      const status = await resultOf(handle);
      await worker.stop();
      await expectUndisturbed(environment, status);
      expected(await ownRows(environment)).toEqual(own);
      const schemas = await environment.query(
        'backup',
        `select nspname from pg_namespace where nspname ~ 'backup|proof' and nspname <> 'migration_backup'`,
      );
      expected(schemas).toHaveLength(1);
    }),
  );
});

describe.concurrent('a worker is frozen, another takes over, and the first wakes up', () => {
  test.for(freezes)('%s', { timeout }, ([, point, passing]) =>
    withSeeded(async (environment) => {
      const frozen = await startWorkerProcess(environment, `${point}:${passing}:SIGSTOP`);
      const handle = await environment.start(input);
      await frozen.frozen();
      const before = await progressOf(environment);
      const worker = await startWorkerProcess(environment);
      while ((await progressOf(environment)) === before) await sleep(50);
      frozen.signal('SIGCONT');
      const status = await resultOf(handle);
      await Promise.all([worker.stop(), frozen.stop()]);
      await expectUndisturbed(environment, status);
    }),
  );
});

describe.concurrent('connections are ended by the server', () => {
  test.for(['source', 'target'] as const)('of the %s', { timeout }, (database) =>
    withSeeded(async (environment) => {
      const worker = await startWorkerProcess(environment);
      const handle = await environment.start(input);
      for (const moved of [1_000, 2_500]) {
        while ((await progressOf(environment)) < moved) await sleep(10);
        await environment.query(
          database,
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      }
      const status = await resultOf(handle);
      await worker.stop();
      await expectUndisturbed(environment, status);
    }),
  );
});

async function seeded(): Promise<RunEnvironment> {
  const environment = await createRunEnvironment();
  await seedLegacy({ url: environment.source.url, rows });
  return environment;
}

async function withSeeded(work: (environment: RunEnvironment) => Promise<void>): Promise<void> {
  const environment = await seeded();
  try {
    await work(environment);
  } finally {
    await environment.close();
  }
}

/** The result of the run; throws with the reason as soon as the run waits for an operator instead. */
async function resultOf(handle: Awaited<ReturnType<RunEnvironment['start']>>): Promise<RunStatus> {
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

/** How far the run has come by the target's own word: rows that are in, and indexes that are back. */
async function progressOf(environment: RunEnvironment): Promise<number> {
  const [store] = await environment.query<{ there: boolean }>(
    'target',
    `select to_regclass('migration.deferred_objects') is not null as there`,
  );
  if (!store?.there) return 0;
  const [found] = await environment.query<{ done: number }>(
    'target',
    `select (select coalesce(sum(read), 0) from migration.chunks)::int
       + (select count(rebuilt_at) from migration.deferred_objects)::int as done`,
  );
  return found?.done ?? 0;
}

async function expectUndisturbed(environment: RunEnvironment, status: RunStatus): Promise<void> {
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

async function fillTarget(environment: RunEnvironment): Promise<void> {
  const schema = await readFile(path.join(nxtPlan.schema.migrationsFolder, '0000_nxt.sql'), 'utf8');
  await environment.query('target', schema);
  await environment.query(
    'target',
    `insert into customers (customer_code, company_name, email)
     select 'HERE-' || n, 'Here before ' || n, n || '@example.org' from generate_series(1, 5000) n`,
  );
}

async function ownRows(environment: RunEnvironment): Promise<unknown[]> {
  return environment.query(
    'target',
    `select count(*), md5(string_agg(t::text, ',' order by id)) from customers t where ${before}`,
  );
}
