import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lchown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';
import type { DatabaseProgram } from './find-database-server.js';
import { processesWith } from './processes-with.js';
import { launchAs } from './server-launch.js';
import type { ServerUser } from './server-user.js';

/** The superuser of every data folder made here. */
export const SUPERUSER = 'root';

/** How long a server that was just killed may take to be gone, in milliseconds; one that lives on is at work. */
const KILLED_PATIENCE_MS = 2_000;

/** What tells MySQL and MariaDB apart, as far as a data folder goes. */
export interface DataMaker {
  /** For messages. */
  name: 'MySQL' | 'MariaDB';
  /** How the server is run to fill an empty data folder. */
  initialise(program: DatabaseProgram): Promise<{ args: readonly string[]; input: string }>;
}

export interface MysqlData {
  /** The superuser's password. */
  password: string;
  /**
   * SQL that sets that password, for the server to run at each start before it lets anybody in; readable by its
   * account alone. In the data folder, so that the two cannot be parted.
   */
  initFile: string;
}

/** The one name of the data folder, without links, so that all who start a server on it give it the same. */
export async function canonicalDataDir(dataDir: string): Promise<string> {
  const parent = path.dirname(path.resolve(dataDir));
  await mkdir(parent, { recursive: true });
  const plain = path.join(await realpath(parent), path.basename(dataDir));
  return realpath(plain).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return plain;
    throw error;
  });
}

/** How a server is told its data folder, and how it is known by it among all processes. */
export function dataDirArgument(dataDir: string): string {
  return `--datadir=${dataDir}`;
}

/**
 * Makes the data folder ready to be started on.
 *
 * A missing or empty folder becomes a new one, with `root` from this machine as the only account that can log in
 * and a random password for it. A folder with data stays as it is.
 *
 * Throws a sentence when the folder holds something else, another product's data, or data without our file, and
 * when a server is running on it.
 *
 * @param dataDir as `canonicalDataDir` names it
 * @param settings server settings as arguments; some hold for the whole life of a data folder
 */
export async function prepareMysqlData(
  dataDir: string,
  maker: DataMaker,
  program: DatabaseProgram,
  settings: readonly string[],
  user: ServerUser | undefined,
): Promise<MysqlData> {
  const names = await readdir(dataDir).catch((error: unknown): string[] => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const initFile = path.join(dataDir, initFileName(maker.name));
  if (names.length === 0) {
    const password = randomBytes(24).toString('hex');
    await createData(dataDir, maker, program, settings, user, password);
    return { password, initFile };
  }

  const other = maker.name === 'MySQL' ? 'MariaDB' : 'MySQL';
  if (names.includes(initFileName(other)))
    throw new Error(`${dataDir} was made by ${other}, and this is ${maker.name}. Name another folder.`);
  if (!names.includes('ibdata1'))
    throw new Error(
      `${dataDir} is not empty and holds no ${maker.name} data. Name another folder, or empty it.`,
    );
  await untilNoServerOn(dataDir, maker);
  if (user && (await stat(dataDir)).uid !== user.uid) await chownAll(dataDir, user);
  return { password: await readPassword(dataDir, initFile, maker), initFile };
}

function initFileName(name: DataMaker['name']): string {
  return `nxt-migrate.${name.toLowerCase()}.sql`;
}

/** One statement a line, as the server wants it; the password stays out of a binary log that a test may want. */
function initSql(password: string): string {
  return [
    'set session sql_log_bin = 0;',
    `alter user '${SUPERUSER}'@'localhost' identified by '${password}';`,
    '',
  ].join('\n');
}

async function readPassword(dataDir: string, initFile: string, maker: DataMaker): Promise<string> {
  const sql = await readFile(initFile, 'utf8').catch((cause: unknown) => {
    throw new Error(
      `${dataDir} holds ${maker.name} data that this tool did not make, or its file ${path.basename(initFile)} cannot be read. Name another folder, or bring the file back.`,
      { cause },
    );
  });
  const password = / identified by '([0-9a-f]+)';/.exec(sql)?.[1];
  if (password === undefined)
    throw new Error(`${initFile} is not as this tool wrote it. Name another folder, or bring the file back.`);
  return password;
}

/** Builds the data beside its place and moves it there in one step: half-made data is never taken for whole. */
async function createData(
  dataDir: string,
  maker: DataMaker,
  program: DatabaseProgram,
  settings: readonly string[],
  user: ServerUser | undefined,
  password: string,
): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  if (user) await chown(unfinished, user.uid, user.gid);

  await initialise(unfinished, maker, program, settings, user);
  const initFile = path.join(unfinished, initFileName(maker.name));
  await writeFile(initFile, initSql(password), { mode: 0o600 });
  if (user) await chown(initFile, user.uid, user.gid);
  await rename(unfinished, dataDir);
}

async function initialise(
  dataDir: string,
  maker: DataMaker,
  program: DatabaseProgram,
  settings: readonly string[],
  user: ServerUser | undefined,
): Promise<void> {
  const { args, input } = await maker.initialise(program);
  const launch = await launchAs(
    user,
    program.file,
    ['--no-defaults', ...args, ...settings, dataDirArgument(dataDir)],
    [dataDir],
  );
  const child = spawn(launch.file, launch.args, {
    ...launch.user,
    cwd: dataDir,
    env: program.env,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  // When the server ends before it has read everything, its exit code says so.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(
      `${maker.name} could not make ${dataDir} (exit code ${code}): ${output.trim().split('\n').slice(-10).join('\n')}`,
    );
  // The servers differ in what they make of the mode.
  await chmod(dataDir, 0o700);
}

async function untilNoServerOn(dataDir: string, maker: DataMaker): Promise<void> {
  const begun = Date.now();
  for (;;) {
    const [running] = await processesWith(dataDirArgument(dataDir));
    if (running === undefined) return;
    if (Date.now() - begun > KILLED_PATIENCE_MS)
      throw new Error(
        `A ${maker.name} (process ${running}) is running on ${dataDir}. Stop it, or name another folder.`,
      );
    await sleep(50);
  }
}

/** The data as root's own, e.g. when it comes from a backup, is given to the server's account. */
async function chownAll(folder: string, { uid, gid }: ServerUser): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lchown(path.join(entry.parentPath, entry.name), uid, gid);
  await lchown(folder, uid, gid);
}
