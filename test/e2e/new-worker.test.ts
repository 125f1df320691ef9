/**
 * A worker with new code takes an open run over. Without worker versioning any worker takes any run; with it a run stays
 * with the version that it began on, until somebody moves it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { contentsOf, type RunContents } from '../helpers/run-contents.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { temporalCli } from '../helpers/temporal-cli.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';
import { expectUndisturbed, resultOf } from './undisturbed-run.js';

afterEach(killWorkers);

/** A service manager would kill a worker that takes longer. */
const stopsWithinMs = 10_000;

/** Few bad rows are many in a small table; many small chunks are time to be interrupted in. */
const input = { maxErrorRate: 1, minQualityScore: 0, backup: false, batchSizes: { default: 20 } };

async function withSeeded<T>(work: (environment: RunEnvironment) => Promise<T>): Promise<T> {
  const environment = await createRunEnvironment();
  try {
    await seedLegacy({ url: environment.source.url, rows: 1_000 });
    return await work(environment);
  } finally {
    await environment.close();
  }
}

type RunHandle = Awaited<ReturnType<RunEnvironment['start']>>;

async function rowsIn(environment: RunEnvironment): Promise<number> {
  const [steps] = await environment.query<{ there: boolean }>(
    'target',
    `select to_regclass('migration.chunks') is not null as there`,
  );
  if (!steps?.there) return 0;
  const [chunks] = await environment.query<{ rows: number }>(
    'target',
    'select coalesce(sum(read), 0)::int as rows from migration.chunks',
  );
  return chunks?.rows ?? 0;
}

describe('without worker versioning', { timeout: 60_000 }, () => {
  let undisturbed: RunContents;
  beforeAll(async () => {
    undisturbed = await withSeeded(async (environment) =>
      contentsOf(environment, await environment.run(input)),
    );
  });

  it.for(['running', 'paused'] as const)(
    'a %s run goes on with the next worker, and no row is lost or doubled',
    (state) =>
      withSeeded(async (environment) => {
        const old = await startWorkerProcess(environment);
        const run = await environment.start(input);
        while ((await rowsIn(environment)) < 200) await sleep(10);
        if (state === 'paused') {
          await run.signal('pause');
          await environment.waitFor(run, (status) => status.state === 'paused');
        }
        const asked = performance.now();
        expect(await old.stop()).toMatchObject({ code: 0, signal: null });
        expect(performance.now() - asked).toBeLessThan(stopsWithinMs);
        expect((await run.describe()).status.name).toBe('RUNNING');

        const next = await startWorkerProcess(environment);
        if (state === 'paused') await run.signal('resume');
        const status = await resultOf(run);
        await next.stop();
        await expectUndisturbed(environment, status, undisturbed);
      }),
  );
});

describe('with worker versioning', { timeout: 60_000 }, () => {
  const deploymentOf = ({ taskQueue }: RunEnvironment) => `nxt-${taskQueue}`;

  function startVersion(environment: RunEnvironment, buildId: string) {
    const versioned = {
      TEMPORAL_DEPLOYMENT_NAME: deploymentOf(environment),
      TEMPORAL_WORKER_BUILD_ID: buildId,
    };
    return startWorkerProcess({ ...environment, env: { ...environment.env, ...versioned } });
  }

  /** As soon as its worker has come: the server takes no version that nobody listens for. */
  async function setCurrent(environment: RunEnvironment, buildId: string): Promise<void> {
    for (;;) {
      const { failed, stderr } = await temporalCli('worker deployment set-current-version --yes', {
        'deployment-name': deploymentOf(environment),
        'build-id': buildId,
      });
      if (!failed) return;
      if (!/no Worker Deployment found|not found|pollers/i.test(stderr)) throw new Error(stderr);
      await sleep(100);
    }
  }

  /** Whether a worker of the deployment has come. */
  async function isKnown(environment: RunEnvironment): Promise<boolean> {
    const { failed } = await temporalCli('worker deployment describe', { name: deploymentOf(environment) });
    return !failed;
  }

  /** What `temporal workflow describe` says of the version that the run is on. */
  async function versionOf({ workflowId }: RunHandle): Promise<unknown> {
    const { stdout } = await temporalCli('workflow describe', { 'workflow-id': workflowId });
    return JSON.parse(stdout).workflowExecutionInfo.versioningInfo;
  }

  /** Process ids of the workers that have done its activities. */
  async function workersOf(run: RunHandle): Promise<Set<number>> {
    const { events } = await run.fetchHistory();
    return new Set(
      events?.flatMap(({ activityTaskStartedEventAttributes: started }) =>
        started ? [Number.parseInt(started.identity ?? '', 10)] : [],
      ),
    );
  }

  it('a run stays with the version that it began on, until it is moved', () =>
    withSeeded(async (environment) => {
      const stepwise = { ...input, mode: 'stepwise', tables: ['customers'] };
      const moved = async (run: RunHandle, step: string) => {
        await run.executeUpdate('run-step', { args: [{ step }] });
        return environment.waitFor(run, ({ state }) => state !== 'running');
      };
      const first = await startVersion(environment, '1');
      const run = await environment.start(stepwise);
      // Nobody takes a run before a version is current.
      while (!(await isKnown(environment))) await sleep(100);
      await sleep(1_000);
      expect(await workersOf(run)).toEqual(new Set());
      await setCurrent(environment, '1');
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      expect(await versionOf(run)).toMatchObject({
        behavior: 'VERSIONING_BEHAVIOR_PINNED',
        deploymentVersion: { deploymentName: deploymentOf(environment), buildId: '1' },
      });

      const second = await startVersion(environment, '2');
      await setCurrent(environment, '2');
      expect((await moved(run, 'customers')).steps[0]).toMatchObject({ state: 'completed' });
      expect(await workersOf(run)).toEqual(new Set([first.pid]));
      expect(await versionOf(run)).toMatchObject({ deploymentVersion: { buildId: '1' } });

      // A target takes one run at a time: this one is refused, by the worker of the new version.
      const next = await environment.start(stepwise);
      await expect(next.result()).rejects.toThrow('Workflow execution failed');
      expect(await workersOf(next)).toEqual(new Set([second.pid]));
      expect(await versionOf(next)).toMatchObject({ deploymentVersion: { buildId: '2' } });

      const options = await temporalCli('workflow update-options', {
        'workflow-id': run.workflowId,
        'versioning-override-behavior': 'pinned',
        'versioning-override-deployment-name': deploymentOf(environment),
        'versioning-override-build-id': '2',
      });
      expect(options).toMatchObject({ failed: false });
      expect(await first.stop()).toMatchObject({ code: 0 });
      await moved(run, 'validate');
      await run.executeUpdate('run-step', { args: [{ step: 'finalize' }] });
      expect(await run.result()).toMatchObject({ state: 'completed' });
      expect(await workersOf(run)).toEqual(new Set([first.pid, second.pid]));
      expect(await second.stop()).toMatchObject({ code: 0 });
    }));
});
