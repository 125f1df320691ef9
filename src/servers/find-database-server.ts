import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.js';
import { fetchFolder } from './fetched-folder.js';

const run = promisify(execFile);

export interface FindOptions {
  /** Told before a download begins. */
  log?: ((line: string) => void) | undefined;
  env?: NodeJS.ProcessEnv;
}

/** A database server that is looked for on this machine, and fetched if it is not there. */
export interface DatabaseServer {
  /** For messages, e.g. `MySQL 8`. */
  title: string;
  /** The environment variable that names the program's path. */
  variable: string;
  /** The program's name on PATH. */
  program: string;
  /** Whether what the program prints when asked for its version is this server's. */
  isOurs(version: string): boolean;
  cached: {
    /** The folder in our cache folder. */
    folder: string;
    /** The program in that folder. */
    program: string;
  };
  /** Roughly what has to be downloaded. */
  megabytes: number;
  /** Fills an empty folder; the other one is for what is needed on the way. */
  fetch(content: string, scratch: string, env: NodeJS.ProcessEnv): Promise<void>;
  /** What makes fetching possible, as an advice: `install Maven …`. */
  waysToFetch: string;
}

export interface DatabaseProgram {
  /** The program's path, without links. */
  file: string;
  /** All that the program gets of the environment; nothing of ours may steer it. */
  env: NodeJS.ProcessEnv;
}

/** The folder beside a fetched server with the shared libraries that this system does not have. */
export const LIBRARIES = 'libraries';

/**
 * Looks for a server in this order: the path in its environment variable, PATH, our cache folder, and at last a
 * download. Throws a sentence with the ways to get it.
 */
export async function findDatabaseServer(
  server: DatabaseServer,
  { log, env = process.env }: FindOptions,
): Promise<DatabaseProgram> {
  const named = env[server.variable];
  if (named) {
    const problem = await problemWith(server, named);
    if (problem === undefined) return { file: await realpath(named), env: programEnv() };
    throw new Error(`${server.variable} is ${named}, which ${problem}. Correct or unset it.`);
  }

  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  for (const candidate of folders.map((folder) => path.join(folder, server.program)))
    if ((await problemWith(server, candidate)) === undefined)
      return { file: await realpath(candidate), env: programEnv() };

  const folder = path.join(cacheFolder(env), server.cached.folder);
  const file = path.join(folder, server.cached.program);
  const found = { file, env: { ...programEnv(), LD_LIBRARY_PATH: path.join(folder, LIBRARIES) } };
  if (await isExecutable(file)) return found;

  try {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error(
        `it can be downloaded for Linux on x64, and this is ${process.platform}-${process.arch}`,
      );
    log?.(`Downloading ${server.title} (${server.megabytes} MB) into ${folder}…`);
    await fetchFolder(folder, (content, scratch) => server.fetch(content, scratch, env));
    if (!(await isExecutable(file)))
      throw new Error(`${folder} is in the way, for it has no ${server.cached.program}; remove it`);
    return found;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${server.title} is not here and could not be downloaded: ${why}\n` +
        `There are three ways to get it:\n` +
        `  1. install it so that \`${server.program}\` is on PATH;\n` +
        `  2. set ${server.variable} to the path of \`${server.program}\`;\n` +
        `  3. on Linux x64, ${server.waysToFetch}, then try again.`,
      { cause },
    );
  }
}

/** Why the file cannot be used, to follow "which"; undefined if it can. */
async function problemWith(server: DatabaseServer, file: string): Promise<string | undefined> {
  if (!(await isExecutable(file))) return 'is not an executable file';
  try {
    const { stdout } = await run(file, ['--version'], { env: programEnv(), cwd: '/' });
    return server.isOurs(stdout) ? undefined : `is not ${server.title}: it says ${stdout.trim()}`;
  } catch (error) {
    return `does not run: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
}

function programEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
