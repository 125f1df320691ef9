/** Composition root of a worker: configuration, connections, activities, Worker. Nothing else. */
import { fileURLToPath } from 'node:url';
import {
  DefaultLogger,
  Runtime,
  Worker,
  type LogLevel,
  type WorkerDeploymentOptions,
} from '@temporalio/worker';
import { createActivities } from './activities/index.js';
import { registerSearchAttributes } from './src/client/register-search-attributes.js';
import { connectWorker } from './src/client/connect-worker.js';
import { temporalAccess } from './src/client/temporal-access.js';
import { readEnvFile } from './src/config/env-file.js';
import { loadConfig } from './src/config/load-config.js';
import { poolConfigOf } from './src/config/pool-config.js';
import { lookAtPostgres } from './src/prepare/postgres.js';
import { lookAtSource } from './src/prepare/source.js';
import { loadPlans } from './src/plan/registry.js';
import { createLog, plainFields } from './src/observe/log.js';
import { faultPoint } from './src/observe/fault-point.js';
import { exitCodeOf, explain } from './src/cli/exit-code.js';

async function main(): Promise<void> {
  const environment = readEnvFile('.env', process.env);
  const config = loadConfig(environment);
  await loadPlans(config.plans);
  const log = createLog(config.monitoring.logLevel);
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) =>
      log[sdkLevels[level]](plainFields(meta ?? {}), message),
    ),
  });
  const { address, namespace, taskQueue, deploymentName, buildId } = config.temporal;
  // A server that cannot be reached is said here, in a line, and not by a run that hangs.
  await lookAtSource(config);
  for (const [server, url] of Object.entries({ target: config.target, backup: config.backup }))
    if (url) await lookAtPostgres(server, poolConfigOf(url, config));
  const connection = await connectWorker(address, temporalAccess(environment));
  try {
    const searchAttributes = await registerSearchAttributes(connection, namespace, (reason) =>
      log.warn(`Runs will have no search attributes in Temporal: ${reason}`),
    );
    const at = faultPoint(process.env);
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      workflowBundle: { codePath: fileURLToPath(new URL('./workflow-bundle.js', import.meta.url)) },
      activities: createActivities(config, { searchAttributes, at }),
      // A signal reaches an activity with its next heartbeat: this is how long a pause may take to be noticed.
      maxHeartbeatThrottleInterval: '500ms',
      // Activities hear at once that their worker goes, and have 20 seconds of their own for the chunk in hand.
      shutdownGraceTime: 0,
      ...(buildId === undefined ? {} : { workerDeploymentOptions: versioned(deploymentName, buildId) }),
      maxCachedWorkflows: 10,
      // Where a worker has died, another takes its runs over after this, and who asks them is answered.
      stickyQueueScheduleToStartTimeout: '2s',
      // Each thread is an isolate of its own; one wires more runs than a target can take.
      workflowThreadPoolSize: 1,
      maxConcurrentActivityTaskExecutions: 20,
      // A worker that hangs swallows a task with every poll it has open, and each costs the run a heartbeat timeout.
      maxConcurrentActivityTaskPolls: 1,
      maxConcurrentWorkflowTaskPolls: 2,
    });
    // Its signal handlers stand from here on: who reads that it is ready may also stop it.
    const running = worker.run();
    log.info({ taskQueue, namespace, address }, 'The worker is ready.');
    await running;
  } finally {
    await connection.close();
  }
}

/** An open run stays with the version that it began on: what the workflow itself declares. */
function versioned(deploymentName: string, buildId: string): WorkerDeploymentOptions {
  return {
    version: { deploymentName, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  };
}

const sdkLevels = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, string>;

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
