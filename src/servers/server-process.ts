import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Keeper } from './keeper.js';

export interface ServerCommand {
  /** For messages, e.g. `PostgreSQL`. */
  name: string;
  file: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Whom the server runs as; ourselves unless told. */
  user?: { uid: number; gid: number };
  stopSignal: NodeJS.Signals;
  /** Takes what the server prints; created with its folders, appended to, readable by its owner alone. */
  logFile: string;
  keeper: Keeper;
  /** Resolves once the server does real work for a client, rejects as long as it does not. */
  probe: () => Promise<void>;
  /** Milliseconds until a server that lives but does not answer is given up. */
  patienceMs: number;
}

export interface ServerProcess {
  pid: number;
  /** Orderly end; resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL, at once and without waiting. */
  kill(): void;
}

/** The server ended, or did not answer in time. `output` is what it printed since this start. */
export class ServerDidNotStart extends Error {
  override readonly name = 'ServerDidNotStart';
  readonly output: string;

  constructor(message: string, output: string, options?: ErrorOptions) {
    super(message, options);
    this.output = output;
  }

  /** Whether somebody else took the port between our choice of it and the server's start. */
  get portTaken(): boolean {
    return /address already in use/i.test(this.output);
  }
}

/** Starts a server under the keeper and waits until it answers. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  await mkdir(path.dirname(command.logFile), { recursive: true });
  const log = await open(command.logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  let child: ChildProcess;
  try {
    child = spawn(command.file, command.args, {
      ...command.user,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: command.env,
      // A group of its own: Ctrl-C in the terminal is for us, and we stop the server in our own order.
      detached: true,
      // A file, not a pipe: the server must be able to write its last words when we are already dead.
      stdio: ['ignore', log.fd, log.fd],
    });
  } finally {
    await log.close();
  }
  const spawnFailure = new Promise<Error>((resolve) => child.once('error', resolve));
  if (child.pid === undefined) {
    const cause = await spawnFailure;
    throw new ServerDidNotStart(`${command.name} could not be run: ${cause.message}`, '', { cause });
  }

  const kept = command.keeper.adopt(child, { signal: command.stopSignal });
  await untilReady(child, command, logStart).catch(async (error: unknown) => {
    await kept.stop();
    throw error;
  });
  return { pid: child.pid, stop: () => kept.stop(), kill: () => void child.kill('SIGKILL') };
}

async function untilReady(child: ChildProcess, command: ServerCommand, logStart: number): Promise<void> {
  const { name, logFile } = command;
  const deadline = Date.now() + command.patienceMs;
  for (;;) {
    const failure = await command.probe().then(
      () => undefined,
      (error: unknown) => error ?? new Error('no answer'),
    );
    if (child.exitCode !== null || child.signalCode !== null) {
      const output = await text(createReadStream(logFile, { start: logStart }));
      const how = child.signalCode ?? `exit code ${child.exitCode}`;
      throw new ServerDidNotStart(
        `${name} ended while starting (${how}). The whole log is ${logFile}; its end:\n${lastLines(output)}`,
        output,
      );
    }
    if (failure === undefined) return;
    if (Date.now() > deadline) {
      const output = await text(createReadStream(logFile, { start: logStart }));
      throw new ServerDidNotStart(
        `${name} did not answer within ${command.patienceMs / 1000} s. The whole log is ${logFile}; its end:\n${lastLines(output)}`,
        output,
        { cause: failure },
      );
    }
    await sleep(25);
  }
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-10).join('\n');
}
