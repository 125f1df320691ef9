/**
 * A worker that falls silent without being dead, and connections that the server ends: the run goes on by itself, and in the end the
 * target holds exactly what an undisturbed run over the same legacy database makes of it.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres, type PostgresServer } from '../../src/servers/postgres.js';
import type { RunContents } from '../helpers/run-contents.js';
import type { RunEnvironment } from '../helpers/run-environment.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';
import { expectUndisturbed, input, resultOf, undisturbedRun, withSeeded } from './undisturbed-run.js';

/** Tasks that Temporal hands to the frozen worker are lost to it, each for a heartbeat timeout of ten seconds. */
const timeout = 240_000;

const freezes: readonly [what: string, point: FaultPoint, passing: number][] = [
  ['in the middle of a COPY', 'in-copy', 7],
  ['right before a commit', 'before-commit', 7],
  ['in the middle of building an index', 'in-index-build', 2],
];

let undisturbed: RunContents;

/**
 * A server of its own: to drop a database PostgreSQL waits for every connection of the server, also for those whose client
 * stands still in the middle of a COPY, so that all other tests would wait for the frozen workers.
 */
let postgres: PostgresServer;
let folder: string;
const keeper = createKeeper({ log: () => undefined });
const withOwnServer = <T>(work: (environment: RunEnvironment) => Promise<T>) =>
  withSeeded(work, { postgresUrl: postgres.url('postgres') });

beforeAll(async () => {
  folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-silent-'));
  const settings = { fsync: 'off', max_connections: '200' };
  postgres = await startPostgres({ dataDir: path.join(folder, 'postgres'), settings, keeper });
  undisturbed = await undisturbedRun();
}, 120_000);
afterAll(async () => {
  await killWorkers();
  await keeper.close();
  await rm(folder, { recursive: true, force: true });
});

describe.concurrent('a worker is frozen, another takes over, and the first wakes up', () => {
  test.for(freezes)('%s', { timeout }, ([, point, passing], { expect }) =>
    withOwnServer(async (environment) => {
      const frozen = await startWorkerProcess(environment, `${point}:${passing}:SIGSTOP`);
      const handle = await environment.start(input);
      await frozen.frozen();
      const reached = await progressOf(environment);
      const worker = await startWorkerProcess(environment);
      while ((await progressOf(environment)) === reached) await sleep(50);
      frozen.signal('SIGCONT');
      const status = await resultOf(handle);
      const [, thawed] = await Promise.all([worker.stop(), frozen.stop()]);
      // Its connections were ended, which is no reason for a worker to give up.
      expect(thawed).toMatchObject({ code: 0, signal: null });
      await expectUndisturbed(environment, status, undisturbed);
    }),
  );
});

describe.concurrent('connections are ended by the server', () => {
  test.for(['source', 'target'] as const)('of the %s', { timeout }, (database, { expect }) =>
    withOwnServer(async (environment) => {
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
      expect(await worker.stop()).toMatchObject({ code: 0, signal: null });
      await expectUndisturbed(environment, status, undisturbed);
    }),
  );
});

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
