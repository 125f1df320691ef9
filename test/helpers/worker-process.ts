import { execFile, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { builtProduct } from './built-product.js';
import type { RunEnvironment } from './run-environment.js';
import { workerEnvironment, workerNodeFlags } from '../../src/cli/worker-command.js';

const run = promisify(execFile);

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** what it wrote to standard error */
  readonly said: string;
}

/** The product's worker as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  readonly ended: Promise<WorkerEnd>;
  /** Resolves when the process stands still (SIGSTOP). */
  frozen(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end as a service manager does (SIGTERM), and waits until it has. */
  stop(): Promise<WorkerEnd>;
}

const workers = new Set<WorkerProcess>();

/** Kills what a failed test has left running. */
export async function killWorkers(): Promise<void> {
  await Promise.all(
    [...workers].map((worker) => {
      worker.signal('SIGKILL');
      return worker.ended;
    }),
  );
}

/**
 * Starts `dist/worker.js` for the environment's databases and task queue.
 *
 * @param faultPoint what `NXT_FAULT_POINT` takes, e.g. `in-copy:3`: the worker is killed right there
 */
export async function startWorkerProcess(
  environment: RunEnvironment,
  faultPoint?: string,
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [...workerNodeFlags, await builtProduct('worker.js')], {
    // Not the project's folder, where a developer may have an .env.
    cwd: environment.env['MIGRATION_REPORT_DIR'],
    env: {
      PATH: process.env['PATH'],
      ...environment.env,
      ...workerEnvironment,
      ...(faultPoint === undefined ? {} : { NXT_FAULT_POINT: faultPoint }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  if (child.pid === undefined) throw new Error('the worker process could not be started');
  const worker: WorkerProcess = {
    pid: child.pid,
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => {
        workers.delete(worker);
        resolve({ code, signal, said });
      });
    }),
    frozen: async () => {
      while (!(await stateOf(child.pid)).startsWith('T')) await sleep(100);
    },
    signal: (name) => void child.kill(name),
    stop: () => {
      child.kill('SIGTERM');
      return worker.ended;
    },
  };
  workers.add(worker);
  return worker;
}

/** As `ps` writes it: `T` for one that is stopped. */
async function stateOf(pid: number | undefined): Promise<string> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]);
  return stdout.trim();
}
