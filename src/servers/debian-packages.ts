import { cp, mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { runTool } from './run-tool.js';

/** Where Debian's packages for x86-64 keep shared libraries. */
const LIBRARY_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'];

/** Downloads Debian packages and unpacks them into folders: nothing is installed, nothing of the system changes. */
export interface DebianPackages {
  /**
   * Unpacks the first of the packages that this system's distribution has; a package goes by other names in other
   * releases. Throws apt's own last lines when there is none.
   */
  unpack(names: readonly string[], into: string): Promise<void>;
}

/**
 * The packages of this system's own sources, which apt checks by its keys. Where its lists are missing or out of
 * date, as in a fresh container, new ones are got for this use alone.
 *
 * @param scratch a folder that goes afterwards
 */
export function debianPackages(scratch: string, env: NodeJS.ProcessEnv): DebianPackages {
  const lists = path.join(scratch, 'apt-lists');
  const cache = path.join(scratch, 'apt-cache');
  const ownLists = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  let options: readonly string[] = [];

  function apt(cwd: string, ...args: string[]): Promise<string> {
    // As root, apt would change to an account of its own, which cannot write into our folders.
    const always = ['--quiet', '--yes', '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none'];
    return runTool('apt-get', [...always, ...options, ...args], { cwd, env });
  }

  async function updateOwnLists(): Promise<void> {
    options = ownLists;
    await mkdir(path.join(lists, 'partial'), { recursive: true });
    await mkdir(path.join(cache, 'archives', 'partial'), { recursive: true });
    await apt(scratch, 'update');
  }

  async function download(names: readonly string[], folder: string): Promise<void> {
    const failures: unknown[] = [];
    for (const name of names) {
      try {
        await apt(folder, 'download', name);
        return;
      } catch (error) {
        failures.push(error);
      }
    }
    if (options !== ownLists) {
      await updateOwnLists();
      return download(names, folder);
    }
    throw failures[0];
  }

  async function unpack(names: readonly string[], into: string): Promise<void> {
    const folder = await mkdtemp(path.join(scratch, 'package-'));
    await download(names, folder);
    for (const file of await readdir(folder))
      await runTool('dpkg-deb', ['--extract', path.join(folder, file), into], { env });
  }

  return { unpack };
}

/**
 * Gets the shared libraries that a program needs and this system does not have, with those that they need
 * themselves. The program finds them with `LD_LIBRARY_PATH`.
 *
 * Throws a sentence with the libraries that could not be got.
 *
 * @param folder where the libraries go; made only if one is missing
 */
export async function fetchMissingLibraries(
  program: string,
  folder: string,
  packages: DebianPackages,
  scratch: string,
): Promise<void> {
  const tried = new Set<string>();
  let failure: unknown;
  for (;;) {
    const missing = await missingLibraries(program, folder);
    if (missing.length === 0) return;
    const library = missing.find((name) => !tried.has(name));
    if (library === undefined) {
      const why = failure instanceof Error ? ` (${failure.message})` : '';
      throw new Error(`the shared libraries ${missing.join(', ')} could not be got${why}`, {
        cause: failure,
      });
    }
    tried.add(library);
    const unpacked = await mkdtemp(path.join(scratch, 'libraries-'));
    try {
      await packages.unpack(packagesOfLibrary(library), unpacked);
    } catch (error) {
      // Not the end: some libraries, e.g. libcrypto, come in the package of another missing one.
      failure = error;
      continue;
    }
    await addLibraries(unpacked, folder);
  }
}

async function missingLibraries(program: string, folder: string): Promise<string[]> {
  const printed = await runTool('ldd', [program], { env: { ...process.env, LD_LIBRARY_PATH: folder } });
  return [...printed.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => String(name));
}

/**
 * The packages that hold a library by Debian's rule: `libaio.so.1` is in `libaio1`, or in `libaio1t64` since time
 * has 64 bits; a name that ends in a digit gets a dash, as in `libpcre2-8-0`.
 */
function packagesOfLibrary(library: string): string[] {
  const [name = '', version = ''] = library.split('.so.');
  const base = `${name}${/\d$/.test(name) ? '-' : ''}${version}`.toLowerCase();
  return base.endsWith('t64') ? [base] : [base, `${base}t64`];
}

async function addLibraries(unpacked: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const libraries of LIBRARY_FOLDERS.map((name) => path.join(unpacked, name))) {
    const names = await readdir(libraries).catch(() => []);
    if (names.length > 0) await cp(libraries, folder, { recursive: true, verbatimSymlinks: true });
    // On 64 bits the library with the new name is the old one, and older programs ask for the old name.
    for (const name of names)
      if (/\.so\.\d+t64$/.test(name)) await symlink(name, path.join(folder, name.replace(/t64$/, '')));
  }
}
