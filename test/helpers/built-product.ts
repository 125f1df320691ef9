import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = path.resolve(import.meta.dirname, '../..');

/**
 * The absolute path of a file in `dist`, e.g. `worker.js`, for tests that start the product as a process. Builds
 * it first if the sources have changed; test files that ask at once wait for one build.
 *
 * Throws with what the compiler says when the sources do not compile.
 */
export async function builtProduct(file: string): Promise<string> {
  await run(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: project });
  return path.join(project, 'dist', file);
}
