import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The processes that have been started with this argument, whatever account they run under: command lines can be
 * read by all, while the working directory of another account's process is closed to root in most containers.
 */
export async function processesWith(argument: string): Promise<number[]> {
  return process.platform === 'linux' ? byProc(argument) : byPs(argument);
}

async function byProc(argument: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // It may end meanwhile; one that has ended and only waits to be collected has no arguments any more.
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return commandLine.split('\0').includes(argument) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

async function byPs(argument: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,args=']);
  const lines = stdout.split('\n').filter((line) => `${line} `.includes(` ${argument} `));
  return lines.map((line) => Number.parseInt(line, 10));
}
