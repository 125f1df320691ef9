/**
 * Worker processes are killed at each of the points where it hurts: the run goes on by itself, and in the end the
 * target holds exactly what an undisturbed run over the same legacy database makes of it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import type { RunContents } from '../helpers/run-contents.js';
import { mysqlNames } from '../helpers/mysql-servers.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { createLegacyDatabase } from '../helpers/source-engines.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';
import {
  before,
  endOf,
  expectUndisturbed,
  input,
  resultOf,
  runUndisturbed,
  undisturbedRun,
  withSeeded,
} from './undisturbed-run.js';

/** A heartbeat timeout of ten seconds stands between a worker's death and the next attempt. */
const timeout = 600_000;

interface Death {
  readonly what: string;
  readonly point: FaultPoint;
  /** how often the worker passes the point until then */
  readonly passing: number;
}

/**
 * Each run loses its workers one after the other, in the middle of things: of a run of many chunks, of the objects of a
 * table. What one death damages is still there at the end.
 */
const runs: readonly (readonly Death[])[] = [
  [
    { what: 'in a survey, with the indexes taken off', point: 'objects-off', passing: 3 },
    { what: 'in the middle of a COPY', point: 'in-copy', passing: 7 },
    { what: 'in the middle of building an index', point: 'in-index-build', passing: 4 },
    { what: 'inside a chunk of a verification', point: 'chunk-compared', passing: 6 },
  ],
  [
    { what: 'before it claims a chunk', point: 'before-claim', passing: 7 },
    { what: 'after a commit that Temporal has not heard of', point: 'after-commit', passing: 7 },
    { what: 'between two indexes', point: 'object-back', passing: 5 },
    { what: 'between chunks of a verification', point: 'chunk-verified', passing: 6 },
  ],
  [
    { what: 'after the COPY, before the rest of the chunk commits', point: 'after-copy', passing: 8 },
    { what: 'right before a commit', point: 'before-commit', passing: 7 },
    { what: 'between a range and the next', point: 'range-done', passing: 2 },
  ],
];

/** From a legacy database on MySQL or MariaDB, a death each at the moments of a chunk. */
const fromMysql: readonly Death[] = [
  { what: 'in the middle of a COPY', point: 'in-copy', passing: 3 },
  { what: 'right before a commit', point: 'before-commit', passing: 3 },
  { what: 'after a commit that Temporal has not heard of', point: 'after-commit', passing: 3 },
];

const told = (deaths: readonly Death[]): string => deaths.map(({ what }) => what).join(', then ');

let undisturbed: RunContents;

beforeAll(async () => {
  undisturbed = await undisturbedRun();
}, timeout);
afterAll(killWorkers);

/** A run whose worker dies again and again, each time another goes on: how they ended, and the run. */
async function runThrough(
  deaths: readonly Death[],
  environment: RunEnvironment,
): Promise<{ ends: (NodeJS.Signals | null)[]; status: RunStatus }> {
  const handle = await environment.start(input);
  const ends: (NodeJS.Signals | null)[] = [];
  for (const { point, passing } of deaths) {
    const doomed = await startWorkerProcess(environment, `${point}:${passing}`);
    const { signal } = await endOf(doomed, handle);
    ends.push(signal);
  }
  const worker = await startWorkerProcess(environment);
  const status = await resultOf(handle);
  await worker.stop();
  return { ends, status };
}

const killed = (deaths: readonly Death[]): NodeJS.Signals[] => deaths.map(() => 'SIGKILL');

describe.concurrent('a worker is killed', () => {
  test.for(runs.map((deaths) => [told(deaths), deaths] as const))(
    '%s',
    { timeout },
    ([, deaths], { expect }) =>
      withSeeded(async (environment) => {
        const { ends, status } = await runThrough(deaths, environment);
        expect(ends).toEqual(killed(deaths));
        await expectUndisturbed(environment, status, undisturbed);
      }),
  );

  test.for(mysqlNames)(`%s is the source: ${told(fromMysql)}`, { timeout }, async (name, { expect }) => {
    const legacy = await createLegacyDatabase(name);
    await seedLegacy({ url: legacy.url, rows: 1_000 });
    const settings = { SOURCE_DATABASE_URL: legacy.url };
    const wanted = await withEnvironment(settings, runUndisturbed);
    await withEnvironment(settings, async (environment) => {
      const { ends, status } = await runThrough(fromMysql, environment);
      expect(ends).toEqual(killed(fromMysql));
      await expectUndisturbed(environment, status, wanted);
    });
    await legacy.drop();
  });
});

async function withEnvironment<T>(
  settings: Record<string, string>,
  work: (environment: RunEnvironment) => Promise<T>,
): Promise<T> {
  const environment = await createRunEnvironment(settings);
  try {
    return await work(environment);
  } finally {
    await environment.close();
  }
}

describe.concurrent('a worker is killed, and the target has rows of its own', () => {
  const points: readonly [string, FaultPoint][] = [
    ['in the middle of a backup', 'in-backup'],
    ['after a backup that Temporal has not heard of', 'backup-made'],
  ];
  test.for(points)('%s', { timeout }, ([, point], { expect }) =>
    withSeeded(async (environment) => {
      await fillTarget(environment);
      const own = await ownRows(environment);
      const doomed = await startWorkerProcess(environment, point);
      const handle = await environment.start(input);
      expect(await endOf(doomed, handle)).toMatchObject({ signal: 'SIGKILL' });
      const worker = await startWorkerProcess(environment);
      const status = await resultOf(handle);
      await worker.stop();
      await expectUndisturbed(environment, status, undisturbed);
      expect(await ownRows(environment)).toEqual(own);
      const schemas = await environment.query(
        'backup',
        `select nspname from pg_namespace where nspname ~ 'backup|proof' and nspname <> 'migration_backup'`,
      );
      expect(schemas).toHaveLength(1);
    }),
  );
});

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
