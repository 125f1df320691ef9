import { readFileSync } from 'node:fs';
import path from 'node:path';
import { alone } from './lock.mjs';
import { CommandFailed, root, run, toStderr } from './run.mjs';

/** Brings node_modules to what package-lock.json says, unless it is there already. */
export async function install() {
  if (installed()) return;
  await alone(async () => {
    if (installed()) return;
    console.error('Installing the dependencies (npm ci)…');
    const code = await run('npm', npmArguments, { stdio: toStderr });
    if (code !== 0 || !installed())
      throw new CommandFailed(
        `The dependencies could not be installed: npm ci ended with exit code ${code}. What it said stands above; put it right and try again.`,
        code || 1,
      );
  });
}

/**
 * Said explicitly, because what the user wrote for us (`npm start --json`, `--dry-run`) reaches this npm too, by
 * its environment; and because the development tools are needed for the build, also where NODE_ENV is production.
 */
const npmArguments = [
  'ci',
  '--loglevel=error',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--no-json',
  '--no-dry-run',
  '--no-global',
  '--include=dev',
  '--include=optional',
];

/**
 * npm writes down what it has installed as the last thing it does. Packages for other platforms are in
 * package-lock.json alone.
 */
function installed() {
  const wanted = packages('package-lock.json');
  const found = packages('node_modules/.package-lock.json');
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(
    ([place, { version, optional }]) =>
      place === '' || (found[place] ? found[place].version === version : optional === true),
  );
}

function packages(lockFile) {
  try {
    return JSON.parse(readFileSync(path.join(root, lockFile), 'utf8')).packages;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}
