import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { builtProduct } from './built-product.js';

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Types commands of the catalogue: the built product, with this environment, in a folder without an .env of its own. */
export async function commandLine(
  env: NodeJS.ProcessEnv,
): Promise<(...words: readonly string[]) => Promise<Said>> {
  const file = await builtProduct('src/cli/nxt-migrate.js');
  return async (...words) => {
    const child = spawn(process.execPath, [file, ...words], {
      cwd: tmpdir(),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { stdout, stderr, code };
  };
}
