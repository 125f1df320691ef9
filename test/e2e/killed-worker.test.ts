/**
 * A worker process is killed at each of the points where it hurts: the run goes on by itself, and in the end the
 * target holds exactly what an undisturbed run over the same legacy database makes of it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import type { RunContents } from '../helpers/run-contents.js';
import type { RunEnvironment } from '../helpers/run-environment.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';
import {
  before,
  endOf,
  expectUndisturbed,
  input,
  resultOf,
  undisturbedRun,
  withSeeded,
} from './undisturbed-run.js';

/** A heartbeat timeout of ten seconds stands between a worker's death and the next attempt. */
const timeout = 180_000;

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

let undisturbed: RunContents;

beforeAll(async () => {
  undisturbed = await undisturbedRun();
});
afterAll(killWorkers);

describe.concurrent('a worker is killed', () => {
  test.for(kills)('%s', { timeout }, ([, point, passing], { expect }) =>
    withSeeded(async (environment) => {
      const doomed = await startWorkerProcess(environment, `${point}:${passing}`);
      const handle = await environment.start(input);
      expect(await endOf(doomed, handle)).toMatchObject({ signal: 'SIGKILL' });
      const worker = await startWorkerProcess(environment);
      const status = await resultOf(handle);
      await worker.stop();
      await expectUndisturbed(environment, status, undisturbed);
    }),
  );
});

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
