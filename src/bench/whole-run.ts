import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForWorker } from '../cli/wait-for-worker.js';
import { workerEnvironment, workerNodeFlags } from '../cli/worker-command.js';
import { connectTemporal, type TemporalDoor } from '../client/connect-temporal.js';
import { runEnd } from '../client/run-end.js';
import { startRun } from '../client/runs.js';
import type { Keeper } from '../servers/keeper.js';
import { findTemporalCli } from '../servers/temporal-binaries.js';
import { startTemporalDevServer } from '../servers/temporal-dev-server.js';
import type { Contestant, Outcome, RunJob } from './contestant.js';
import type { Dialect } from './peers/peer.js';

/** From the compiled `dist/src/bench`. */
const workerFile = fileURLToPath(new URL('../../worker.js', import.meta.url));

const access = { namespace: 'default', taskQueue: 'bench' };

/**
 * The product as it is used: Temporal, a worker process, and one run from its start to its report, without a backup. Its
 * worker's memory is what counts; once is enough for that.
 */
export function wholeRun(dialect: Dialect, keeper: Keeper): Contestant {
  const names = { postgres: ['run', 'PostgreSQL'], mysql: ['run-mysql', 'MySQL'] } as const;
  const [name, source] = names[dialect];
  return {
    name,
    title: `nxt-migrate, ${source}, a whole run`,
    ours: true,
    source: dialect,
    once: true,
    note: 'a whole run is one from its start to its report: surveyed, moved, indexed, verified, checked, with all steps that the table needs, by one worker, without a backup; its rows per second are those of the table',
    find: async () => {
      try {
        await findTemporalCli();
        return { version: process.version, run: (job) => runOnce(job, keeper) };
      } catch (error) {
        return { missing: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

async function runOnce(job: RunJob, keeper: Keeper): Promise<Outcome> {
  const server = await startTemporalDevServer({
    keeper,
    logFile: path.join(job.folder, 'temporal.log'),
  });
  try {
    const temporal = await connectTemporal({ ...access, address: server.address }, {});
    try {
      return await runWithWorker(job, temporal, keeper);
    } finally {
      await temporal.close();
    }
  } finally {
    await server.stop();
  }
}

async function runWithWorker(job: RunJob, temporal: TemporalDoor, keeper: Keeper): Promise<Outcome> {
  const since = new Date();
  const child = spawn(process.execPath, [...workerNodeFlags, workerFile], {
    cwd: job.folder,
    env: { ...process.env, ...workerEnvironment, ...settingsOf(job, temporal) },
    stdio: 'ignore',
  });
  const worker = keeper.adopt(child, { signal: 'SIGTERM' });
  try {
    await waitForWorker(temporal, since, job.signal);
    const { step } = job.workload;
    const begin = performance.now();
    const run = await startRun(temporal, { input: { name: 'bench', tables: [step], backup: false } });
    const end = await runEnd(run, job.signal);
    const seconds = (performance.now() - begin) / 1000;
    if (end.how !== 'completed') throw new Error(`the run ${end.how}: ${end.message}`);
    const rows = end.status.steps.find((each) => each.step === step)?.read ?? 0;
    if (rows !== job.workload.rows) throw new Error(`of ${job.workload.rows} rows ${rows} were read`);
    return { rows, seconds, ...(await peakOf(child.pid)) };
  } finally {
    await worker.stop();
  }
}

function settingsOf({ source, target, folder }: RunJob, temporal: TemporalDoor): Record<string, string> {
  return {
    NODE_ENV: 'development',
    SOURCE_DATABASE_URL: source,
    DATABASE_URL: target,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: access.namespace,
    TEMPORAL_TASK_QUEUE: access.taskQueue,
    // The operator's profile is for another Temporal. This file need not exist.
    TEMPORAL_CONFIG_FILE: path.join(folder, 'temporal.toml'),
    MIGRATION_REPORT_DIR: folder,
    MIGRATION_LOG_LEVEL: 'error',
  };
}

/** The most resident memory that a process has had, where the kernel tells it. */
async function peakOf(pid: number | undefined): Promise<{ peakMiB?: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kilobytes === undefined ? {} : { peakMiB: Math.round(Number(kilobytes) / 1024) };
}
