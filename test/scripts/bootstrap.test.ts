import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const project = path.resolve(import.meta.dirname, '../..');
const told = 'Installing the dependencies (npm ci)…';

/** A clean clone of a small project with our scripts, one dependency, and a `test` that prints its arguments. */
async function cleanClone(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(path.join(project, 'scripts'), path.join(folder, 'scripts'), { recursive: true });
  await writeFile(
    path.join(folder, 'scripts/test.mjs'),
    `import { name } from 'dependency';
     console.log(JSON.stringify([name, ...process.argv.slice(2)]));
     process.exitCode = 3;`,
  );
  const dependency = { name: 'dependency', version: '1.0.0', type: 'module', exports: './index.js' };
  await mkdir(path.join(folder, 'dependency'));
  await writeFile(path.join(folder, 'dependency/package.json'), JSON.stringify(dependency));
  await writeFile(path.join(folder, 'dependency/index.js'), `export const name = 'installed';`);
  const manifest = { name: 'clone', version: '1.0.0', dependencies: { dependency: 'file:dependency' } };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const packages = {
    '': manifest,
    dependency: { version: '1.0.0' },
    'node_modules/dependency': { resolved: 'dependency', link: true },
  };
  const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
  await writeFile(path.join(folder, 'package-lock.json'), JSON.stringify(lock));
  return folder;
}

async function bootstrap(folder: string, ...args: string[]) {
  const child = spawn(process.execPath, [path.join(folder, 'scripts/bootstrap.mjs'), ...args]);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  return { stdout, stderr, code };
}

test('a clean clone is installed once and runs the entry, whose output and exit code are its own', async () => {
  const folder = await cleanClone();
  const expected = { stdout: '["installed","--json","a b"]\n', code: 3 };

  const first = await bootstrap(folder, 'test', '--json', 'a b');
  expect(first).toMatchObject(expected);
  expect(first.stderr).toContain(told);
  expect(await bootstrap(folder, 'test', '--json', 'a b')).toEqual({ ...expected, stderr: '' });

  await rm(path.join(folder, 'node_modules/.package-lock.json'));
  const afterHalfAnInstall = await bootstrap(folder, 'test', '--json', 'a b');
  expect(afterHalfAnInstall).toMatchObject(expected);
  expect(afterHalfAnInstall.stderr).toContain(told);
});

test('of several at once one installs and the others wait, also after one that was killed at it', async () => {
  const folder = await cleanClone();
  const goneProcess = '4194305';
  await writeFile(path.join(folder, '.bootstrap.lock'), goneProcess);

  const all = await Promise.all([1, 2, 3].map(() => bootstrap(folder, 'test')));
  expect(all.map(({ stdout, code }) => [stdout, code])).toEqual([1, 2, 3].map(() => ['["installed"]\n', 3]));
  expect(all.filter(({ stderr }) => stderr.includes(told))).toHaveLength(1);
  expect((await readdir(folder)).filter((name) => name.startsWith('.bootstrap'))).toEqual([]);
});

test('what cannot be installed is said in a sentence, and nothing is run', async () => {
  const folder = await cleanClone();
  await writeFile(path.join(folder, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }');
  const { stdout, stderr, code } = await bootstrap(folder, 'test');
  expect([stdout, code]).toEqual(['', 1]);
  expect(stderr).toContain('The dependencies could not be installed: npm ci ended with exit code 1.');
});

test('an entry that there is not is answered with those there are', async () => {
  const { stderr, code } = await bootstrap(project, 'strat');
  expect([stderr, code]).toEqual([
    'bootstrap runs start, stack, bench, nxt-migrate, trace, build, test, and was asked for "strat".\n',
    1,
  ]);
});
