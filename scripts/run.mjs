import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';

/** The folder of package.json. */
export const root = path.resolve(import.meta.dirname, '..');

/** A command ended with something else than 0; by a signal counts as 128 and the signal's number, as in a shell. */
export class CommandFailed extends Error {
  constructor(message, exitCode, options) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command in the project's folder and resolves to its exit code. Signals that reach this process meanwhile
 * are the command's: it ends first, we afterwards.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options] standard input is closed and the rest is inherited
 *   unless told
 * @returns {Promise<number>}
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const passOn = (signal) => child.kill(signal);
  for (const signal of passedOn) process.on(signal, passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new CommandFailed(`${command} could not be run: ${cause.message}.`, 127, { cause })),
      );
      child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of passedOn) process.off(signal, passOn);
  }
}

/** Does the work and says whether it went well. A failed command is told in a sentence, and is our exit code. */
export async function succeeds(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
    return false;
  }
}

/** A command that npm has installed, e.g. `tsc`. */
export function tool(name) {
  return path.join(root, 'node_modules', '.bin', name);
}

/** For standard error: everything a command prints, so that standard output stays the entry's. */
export const toStderr = ['ignore', 2, 2];
