import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { alone } from './lock.mjs';
import { CommandFailed, root, run, toStderr } from './run.mjs';

/** What decides how dist looks. The lock file counts, since the workflow bundle holds Temporal's own code. */
const ingredients = [
  'worker.ts',
  'workflows',
  'activities',
  'src',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/compile.mjs',
];

/** The file in dist with the hash of what it was made of. */
export const stampFile = 'made-of.sha256';

/** Builds dist unless it is what these sources make. Whatever is said goes to standard error. */
export async function buildIfStale() {
  if (isFresh()) return;
  await alone(async () => {
    if (isFresh()) return;
    console.error('Building…');
    await build({ stdio: toStderr });
  });
}

/** Builds dist anew. Throws `CommandFailed` when the sources do not compile; dist then stays as it was. */
export async function build(options) {
  const code = await run(process.execPath, ['scripts/compile.mjs', sourceHash()], options);
  if (code !== 0)
    throw new CommandFailed('The build failed, for the reasons above. Nothing in dist has changed.', code);
}

function isFresh() {
  const stamp = path.join(root, 'dist', stampFile);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash();
}

function sourceHash() {
  const hash = createHash('sha256');
  for (const file of ingredients.flatMap(filesOf)) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(path.join(root, file)));
  }
  return hash.digest('hex');
}

function filesOf(ingredient) {
  const place = path.join(root, ingredient);
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found) return [];
  if (found.isFile()) return [ingredient];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}
