import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lchown,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from './error-code.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

/** The superuser of every cluster made here. */
export const SUPERUSER = 'postgres';

/** The superuser's password, in the data folder. */
const PASSWORD_FILE = 'nxt-migrate.password';

/** How long a main process that was just killed may take to be gone, in milliseconds; one that lives on is at work. */
const KILLED_PATIENCE_MS = 2_000;

/** How long the other processes of a killed server may take to notice that, in milliseconds. */
const LEFTOVER_PATIENCE_MS = 30_000;

/** What PostgreSQL's programs need of the environment; nothing of ours (PGDATA, PGPORT, …) may steer them. */
export const postgresEnv: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/**
 * How a PostgreSQL program is told its data folder.
 *
 * Under another account the way to the folder may be closed (a clone below a folder of mode 700). Linux lets a
 * process reach its working directory without walking the path, so it is started there and told just that.
 */
export function asDataDir(dataDir: string, user: ServerUser | undefined): { cwd: string; dir: string } {
  return { cwd: dataDir, dir: user && process.platform === 'linux' ? '/proc/self/cwd' : dataDir };
}

/**
 * Makes the data folder ready to be started on, and returns the superuser's password.
 *
 * A missing or empty folder becomes a new cluster (UTF8, locale C, time zone UTC, passwords by scram) with a
 * random password, kept in the folder itself so that the two cannot be parted, and readable by its owner alone.
 * A folder with a cluster stays as it is.
 *
 * Throws a sentence when the folder holds something else, a cluster of another version, or one without a
 * password file, and when a server is running on it.
 */
export async function prepareDataDir(
  dataDir: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<string> {
  const names = await readdir(dataDir).catch((error: unknown): string[] => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return createCluster(dataDir, binaries, user);

  if (!names.includes('PG_VERSION'))
    throw new Error(
      `${dataDir} is not empty and holds no PostgreSQL data. Name another folder, or empty it.`,
    );
  const version = (await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (version !== binaries.majorVersion)
    throw new Error(
      `${dataDir} was made by PostgreSQL ${version}, and this is PostgreSQL ${binaries.majorVersion}. Name another folder.`,
    );
  await untilNoServerIn(dataDir);
  if (user && (await stat(dataDir)).uid !== user.uid) await chownAll(dataDir, user);
  return readFile(path.join(dataDir, PASSWORD_FILE), 'utf8').catch((cause: unknown) => {
    throw new Error(
      `${dataDir} holds PostgreSQL data that this tool did not make, or its file ${PASSWORD_FILE} cannot be read. Name another folder, or bring the file back.`,
      { cause },
    );
  });
}

/** Builds the cluster beside its place and moves it there in one step: a half-made one is never taken for whole. */
async function createCluster(
  dataDir: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<string> {
  const password = randomBytes(24).toString('hex');
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  if (user) await chown(unfinished, user.uid, user.gid);

  // initdb wants its folder empty: the file is beside it first, and moves in afterwards.
  const passwordFile = `${unfinished}.password`;
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  await initdb(unfinished, passwordFile, binaries, user);
  await rename(passwordFile, path.join(unfinished, PASSWORD_FILE));
  await rename(unfinished, dataDir);
  return password;
}

async function initdb(
  dataDir: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  const { cwd, dir } = asDataDir(dataDir, user);
  const input = await open(passwordFile);
  try {
    // prettier-ignore
    const child = spawn(
      binaries.initdb,
      [
        '--pgdata', dir, '--username', SUPERUSER, '--pwfile', '/dev/stdin', '--auth', 'scram-sha-256',
        '--encoding', 'UTF8', '--locale', 'C',
      ],
      { cwd, env: postgresEnv, ...user, stdio: [input.fd, 'ignore', 'pipe'] },
    );
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0)
      throw new Error(`PostgreSQL's initdb could not make ${dataDir} (exit code ${code}): ${output.trim()}`);
  } finally {
    await input.close();
  }
}

/**
 * Waits until the processes of a killed server are gone, and removes a `postmaster.pid` whose number another
 * program has been given since: PostgreSQL would take that program for a running server.
 *
 * Otherwise the file stays, for it is what keeps two servers off the same data.
 */
async function untilNoServerIn(dataDir: string): Promise<void> {
  const pidFile = path.join(dataDir, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  const recorded = Number.parseInt(text, 10);
  if (Number.isNaN(recorded)) return;

  const begun = Date.now();
  for (;;) {
    const running = await serversIn(dataDir, recorded);
    if (running.length === 0) break;
    const alive = running.includes(recorded);
    if (Date.now() - begun > (alive ? KILLED_PATIENCE_MS : LEFTOVER_PATIENCE_MS)) {
      const named = alive ? recorded : running.join(', ');
      throw new Error(
        `A PostgreSQL (process ${named}) is running on ${dataDir}. Stop it, or name another folder.`,
      );
    }
    await sleep(50);
  }
  if (isAlive(recorded)) await rm(pidFile, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** The PostgreSQL processes at work in the data folder; elsewhere than on Linux only the recorded main one. */
async function serversIn(dataDir: string, recorded: number): Promise<number[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-o', 'comm=', '-p', String(recorded)]).catch(() => ({ stdout: '' }));
    return stdout.trim().endsWith('postgres') ? [recorded] : [];
  }
  const folder = await realpath(dataDir);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process that ends meanwhile, or is another account's, cannot be one of this folder's.
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (cwd !== folder) return [];
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name.trim() === 'postgres' ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

async function chownAll(folder: string, { uid, gid }: ServerUser): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lchown(path.join(entry.parentPath, entry.name), uid, gid);
  await lchown(folder, uid, gid);
  await chmod(folder, 0o700);
}
