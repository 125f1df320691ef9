import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import type { KeptServer, Keeper } from '../servers/keeper.js';
import { workerEnvironment, workerNodeFlags } from './worker-command.js';

export interface WorkerCommand {
  /** the compiled worker */
  readonly file: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** takes what it prints; appended to, readable by its owner alone */
  readonly logFile: string;
  readonly keeper: Keeper;
  /** told of every unexpected end */
  readonly log: (line: string) => void;
  /** aborted when everything ends: a worker that dies from then on stays dead */
  readonly signal: AbortSignal;
}

/** A worker in a process of its own, started again when it dies. */
export interface SupervisedWorker {
  /** resolves, with the reason, when starting it again is pointless; never otherwise */
  readonly gaveUp: Promise<Error>;
  /** Ends the worker: a chunk in hand may end within three seconds, then it is killed. */
  stop(): Promise<void>;
}

const restartAfterMs = 1_000;
const stopWithinMs = 3_000;
/** This many deaths within the window are no accident. */
const mostDeaths = 5;
const deathWindowMs = 60_000;
/** What a process of ours ends with when its configuration is wrong: the next one would too. */
const wrongConfiguration = 2;

export async function superviseWorker(command: WorkerCommand): Promise<SupervisedWorker> {
  const { keeper, log, logFile, signal: ending } = command;
  const deaths: number[] = [];
  let running: { child: ChildProcess; kept: KeptServer } | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let giveUp!: (reason: Error) => void;
  const gaveUp = new Promise<Error>((resolve) => (giveUp = resolve));

  async function start(): Promise<void> {
    const child = await spawnWorker(command);
    const kept = keeper.adopt(child, { signal: 'SIGTERM' });
    running = { child, kept };
    child.once('exit', (code, signal) => {
      running = undefined;
      if (!stopping && !ending.aborted) void onDeath(code, signal);
    });
  }

  async function onDeath(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const how = signal ?? `exit code ${code}`;
    const now = Date.now();
    deaths.push(now);
    const recent = deaths.filter((at) => now - at < deathWindowMs);
    if (code === wrongConfiguration || recent.length >= mostDeaths) {
      giveUp(
        new Error(`The worker ended (${how}) and is given up. Its last words:\n${await lastLines(logFile)}`),
      );
      return;
    }
    log(`⚠️  The worker ended (${how}); it is started again and goes on where it was.`);
    restart = setTimeout(
      () => void start().catch((error: unknown) => giveUp(asError(error))),
      restartAfterMs,
    );
    restart.unref();
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(restart);
    if (!running) return;
    const { child, kept } = running;
    const impatience = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await kept.stop();
    clearTimeout(impatience);
  }

  await start();
  return { gaveUp, stop };
}

async function spawnWorker({ file, cwd, env, logFile }: WorkerCommand): Promise<ChildProcess> {
  const output = await open(logFile, 'a', 0o600);
  try {
    // A group of its own: Ctrl-C in the terminal is for us, and we end the worker in our own order.
    return spawn(process.execPath, [...workerNodeFlags, file], {
      cwd,
      env: { ...env, ...workerEnvironment },
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
  } finally {
    await output.close();
  }
}

/** The end of a log, for an error message. */
export async function lastLines(logFile: string, lines = 10): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
