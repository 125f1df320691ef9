import { execFile } from 'node:child_process';
import { chmod, lchown, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

/**
 * The processes of that name that work in the folder: database servers have their data folder as working
 * directory.
 */
export async function processesIn(folder: string, name: string): Promise<number[]> {
  const found = process.platform === 'linux' ? await byProc(folder, name) : await byLsof(folder, name);
  return found.toSorted((a, b) => a - b);
}

/** Gives the folder and all that is in it to the account, and closes it to all others. */
export async function chownAll(folder: string, { uid, gid }: ServerUser): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lchown(path.join(entry.parentPath, entry.name), uid, gid);
  await lchown(folder, uid, gid);
  await chmod(folder, 0o700);
}

async function byProc(folder: string, name: string): Promise<number[]> {
  const wanted = await realpath(folder);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process that ends meanwhile, or is another account's, cannot be one of this folder's.
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (cwd !== wanted) return [];
      const comm = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return comm.trim() === name ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** macOS has no /proc. `lsof` ends with 1 when it finds nothing. */
async function byLsof(folder: string, name: string): Promise<number[]> {
  const args = ['-a', '-t', '-d', 'cwd', '-c', name, '--', await realpath(folder)];
  const { stdout } = await run('lsof', args).catch(() => ({ stdout: '' }));
  return stdout.split('\n').filter(Boolean).map(Number);
}
