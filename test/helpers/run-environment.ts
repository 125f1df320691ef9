import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as TemporalClient, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client } from 'pg';
import { inject } from 'vitest';
import { createActivities } from '../../activities/index.js';
import { registerSearchAttributes } from '../../src/client/register-search-attributes.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { RunInput } from '../../src/contract/input.js';
import { workflowType } from '../../src/contract/names.js';
import type { RunStatus } from '../../src/contract/status.js';
import { loadPlans } from '../../src/plan/registry.js';
import { builtProduct } from './built-product.js';
import { createDatabase, type TestDatabase } from './databases.js';

// What a worker has to say in a test is said by the test.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Three databases, a task queue of its own and, if wanted, a worker in this process: all that a run needs. */
export interface RunEnvironment {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly backup: TestDatabase;
  readonly taskQueue: string;
  readonly temporal: TemporalClient;
  /** the environment that a worker process needs */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one statement on a database and answers its rows. */
  query<Row extends object>(
    database: 'source' | 'target' | 'backup',
    sql: string,
    values?: unknown[],
  ): Promise<Row[]>;
  start(
    input?: RunInput | Record<string, unknown>,
    workflowId?: string,
  ): Promise<WorkflowHandle<() => Promise<RunStatus>>>;
  /** Starts a run and waits for its result. */
  run(input?: RunInput): Promise<RunStatus>;
  /** The first status that is as wanted, asked for every 50 ms; throws with the last one when the run ends without it. */
  waitFor(
    run: WorkflowHandle<() => Promise<RunStatus>>,
    isWanted: (status: RunStatus) => boolean,
  ): Promise<RunStatus>;
  /** Runs `work` with a worker in this process. */
  withWorker<T>(work: () => Promise<T>): Promise<T>;
  /** Starts a worker in this process; stop it before the environment is closed. */
  startWorker(): Promise<{ readonly failed: Promise<never>; stop(): Promise<void> }>;
  close(): Promise<void>;
}

/** Servers of a test's own, instead of the shared ones. */
export interface Servers {
  readonly temporalAddress?: string;
  readonly postgresUrl?: string;
}

/** Make it in `beforeAll` (or a test), `close` it in `afterAll`. */
export async function createRunEnvironment(
  settings: Record<string, string> = {},
  servers: Servers = {},
): Promise<RunEnvironment> {
  const temporalAddress = servers.temporalAddress ?? inject('temporalAddress');
  const [source, target, backup] = await Promise.all([
    createDatabase('legacy', servers.postgresUrl),
    createDatabase('target', servers.postgresUrl),
    createDatabase('backup', servers.postgresUrl),
  ]);
  const connection = await Connection.connect({ address: temporalAddress });
  const temporal = new TemporalClient({ connection });
  const taskQueue = `test-${randomBytes(6).toString('hex')}`;
  const reports = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-reports-'));
  const env = {
    NODE_ENV: 'test',
    SOURCE_DATABASE_URL: source.url,
    DATABASE_URL: target.url,
    BACKUP_DATABASE_URL: backup.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_TASK_QUEUE: taskQueue,
    MIGRATION_LOG_LEVEL: 'ERROR',
    MIGRATION_REPORT_DIR: reports,
    ...settings,
  };
  const databases = { source, target, backup };

  const environment: RunEnvironment = {
    source,
    target,
    backup,
    taskQueue,
    temporal,
    env,
    query: async (database, sql, values) => {
      const client = new Client({ connectionString: databases[database].url });
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
    start: (input = {}, workflowId = `run-${randomBytes(6).toString('hex')}`) =>
      temporal.workflow.start<() => Promise<RunStatus>>(workflowType, {
        taskQueue,
        workflowId,
        // The type's own argument is left open, so that tests can send what is wrong.
        args: [input] as unknown as [],
      }),
    run: (input) =>
      environment.withWorker(async () => {
        const run = await environment.start(input);
        const status = await environment.waitFor(run, ({ state }) => state !== 'running');
        if (status.state === 'waiting')
          throw new Error(`the run is held, and nobody is there to help: ${status.waitingFor?.reason}`);
        return run.result();
      }),
    waitFor: async (run, isWanted) => {
      for (;;) {
        const status = await run.query<RunStatus>('status');
        if (isWanted(status)) return status;
        if ((await run.describe()).status.name !== 'RUNNING')
          throw new Error(`the run ended without being as wanted: ${JSON.stringify(status)}`);
        await sleep(50);
      }
    },
    withWorker: async (work) => {
      const worker = await environment.startWorker();
      try {
        return await Promise.race([work(), worker.failed]);
      } finally {
        await worker.stop();
      }
    },
    startWorker: async () => {
      const config = loadConfig(env);
      await loadPlans(config.plans);
      const native = await NativeConnection.connect({ address: temporalAddress });
      const searchAttributes = await registerSearchAttributes(native, 'default', () => undefined);
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: { codePath: await builtProduct('workflow-bundle.js') },
        activities: createActivities(config, { searchAttributes }),
        maxHeartbeatThrottleInterval: '500ms',
        stickyQueueScheduleToStartTimeout: '2s',
      });
      const running = worker.run();
      return {
        failed: running.then(() => new Promise<never>(() => undefined)),
        stop: async () => {
          worker.shutdown();
          await running;
          await native.close();
        },
      };
    },
    close: async () => {
      await connection.close();
      await Promise.all([source.drop(), target.drop(), backup.drop(), rm(reports, { recursive: true })]);
    },
  };
  return environment;
}
