import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { builtProduct } from '../helpers/built-product.js';
import { descendantsOf, type SeenProcess, stillRunning } from '../helpers/process-tree.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** One of our commands, running as a process of its own, and everything that it ever started. */
export interface StartedCommand {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when the text has appeared on either output; throws when the command ends without it. */
  said(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code when the command has ended and all it printed is read. */
  ended(): Promise<number | null>;
  /** What it started and left behind, once it has ended: processes, and folders where temporary ones go. */
  leftBehind(): Promise<{ processes: SeenProcess[]; folders: string[] }>;
}

/** Runs `dist/src/cli/<name>.js` without a terminal. It is killed, and so what it started, if the test forgets it. */
export async function startCommand(
  name: 'start' | 'stack',
  args: readonly string[],
): Promise<StartedCommand> {
  const folder = await temporaryFolder();
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary);
  const child = spawn(process.execPath, [await builtProduct(`src/cli/${name}.js`), ...args], {
    env: { ...process.env, TMPDIR: temporary, MIGRATION_REPORT_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const seen = new Map<string, SeenProcess>();
  void watch(child, seen);

  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    said: async (text) => {
      while (!(output.stdout + output.stderr).includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended without saying "${text}":\n${output.stderr}`);
        await sleep(20);
      }
    },
    signal: (signal) => void child.kill(signal),
    ended: () => closed,
    leftBehind: async () => ({
      processes: await stillRunning(seen.values()),
      folders: await readdir(temporary),
    }),
  };
}

async function watch(child: ChildProcess, seen: Map<string, SeenProcess>): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    for (const found of await descendantsOf(child.pid)) seen.set(`${found.pid} ${found.started}`, found);
    await sleep(100);
  }
}
