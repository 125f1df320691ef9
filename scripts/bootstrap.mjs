/**
 * Makes a clean clone runnable and runs one of its entries: `node scripts/bootstrap.mjs <entry> [arguments]`.
 *
 * What npm has to install and what has to be built is done first, if it is not done already, and told on standard
 * error: standard output belongs to the entry. The entry runs in this very process, so that signals, exit code,
 * terminal and pipes are its own.
 */
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const entries = new Map([
  ['start', { file: 'dist/src/cli/start.js', built: true }],
  ['stack', { file: 'dist/src/cli/stack.js', built: true }],
  ['bench', { file: 'dist/src/bench/main.js', built: true }],
  ['nxt-migrate', { file: 'dist/src/cli/nxt-migrate.js', built: true }],
  ['trace', { file: 'dist/src/cli/trace.js', built: true }],
  ['build', { file: 'scripts/build.mjs', built: false }],
  ['test', { file: 'scripts/test.mjs', built: false }],
]);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [name = '', ...rest] = process.argv.slice(2);
const entry = entries.get(name);

if (major < 20 || (major === 20 && minor < 12)) {
  console.error(
    `nxt-migrate needs Node.js 20.12 or newer, and this is ${process.version}: install a newer one.`,
  );
  process.exitCode = 1;
} else if (!entry) {
  console.error(`bootstrap runs ${[...entries.keys()].join(', ')}, and was asked for "${name}".`);
  process.exitCode = 1;
} else {
  // Imported late: on a Node that is too old the sentence above has to come before anything newer is loaded.
  const { root, succeeds } = await import('./run.mjs');
  if (await succeeds(() => prepare(entry))) {
    const file = path.join(root, entry.file);
    process.argv.splice(1, process.argv.length - 1, file, ...rest);
    await import(pathToFileURL(file).href);
  }
}

async function prepare({ built }) {
  const { install } = await import('./install.mjs');
  await install();
  if (!built) return;
  const { buildIfStale } = await import('./dist.mjs');
  await buildIfStale();
}
