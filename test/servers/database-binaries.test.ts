import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findMariadbd } from '../../src/servers/mariadb-binaries.js';
import { findMysqld } from '../../src/servers/mysql-binaries.js';
import { compileServers, nodeArguments } from './compiled-servers.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const run = promisify(execFile);

const MYSQL_SAYS = 'mysqld  Ver 8.0.41 for Linux on x86_64 (MySQL Community Server - GPL)';
const MARIADB_SAYS = 'mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)';
const OLD_MYSQL_SAYS = 'mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))';

async function writeProgram(file: string, ...lines: string[]): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(file, 0o755);
  return file;
}

/** PATH without the folders that hold one of the programs, if this machine has it installed. */
function pathWithout(...programs: string[]): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const holdsOne = (folder: string) => programs.some((program) => existsSync(path.join(folder, program)));
  return folders.filter((folder) => !holdsOne(folder)).join(path.delimiter);
}

test('the path in the environment goes before PATH, and PATH before the cache', async () => {
  const folder = await temporaryFolder();
  const named = await writeProgram(path.join(folder, 'named/any-name'), `echo '${MYSQL_SAYS}'`);
  const onPath = await writeProgram(path.join(folder, 'path/mysqld'), `echo '${MYSQL_SAYS}'`);
  const cache = path.join(folder, 'cache');
  const inCache = await writeProgram(path.join(cache, 'mysql-8.0.15-linux-x64/bin/mysqld'));
  const env = { NXT_MIGRATE_CACHE_DIR: cache, PATH: path.dirname(onPath) };

  expect((await findMysqld({ env: { ...env, MYSQLD_PATH: named } })).file).toBe(named);
  expect((await findMysqld({ env })).file).toBe(onPath);
  expect((await findMysqld({ env: { ...env, PATH: '' } })).file).toBe(inCache);
});

test('a `mysqld` that is MariaDB’s or too old is passed over on PATH, and refused where it is named', async () => {
  const folder = await temporaryFolder();
  const alias = await writeProgram(path.join(folder, 'alias/mysqld'), `echo '${MARIADB_SAYS}'`);
  const old = await writeProgram(path.join(folder, 'old/mysqld'), `echo '${OLD_MYSQL_SAYS}'`);
  const right = await writeProgram(path.join(folder, 'right/mysqld'), `echo '${MYSQL_SAYS}'`);
  const PATH = [alias, old, right].map((file) => path.dirname(file)).join(path.delimiter);
  expect((await findMysqld({ env: { PATH } })).file).toBe(right);
  await expect(findMysqld({ env: { PATH, MYSQLD_PATH: alias } })).rejects.toThrow(
    `MYSQLD_PATH is ${alias}, which is not MySQL 8: it says ${MARIADB_SAYS}. Correct or unset it.`,
  );
  await expect(findMariadbd({ env: { PATH, MARIADBD_PATH: right } })).rejects.toThrow(
    `MARIADBD_PATH is ${right}, which is not MariaDB 10.6 or later: it says ${MYSQL_SAYS}.`,
  );
});

test('a named path that is wrong is an error, not a reason to look elsewhere', async () => {
  const missing = path.join(await temporaryFolder(), 'nothing');
  await expect(findMariadbd({ env: { MARIADBD_PATH: missing } })).rejects.toThrow(
    `MARIADBD_PATH is ${missing}, which is not an executable file.`,
  );
});

test('without any of it the message says what was tried and the three ways to get it', async () => {
  const folder = await temporaryFolder();
  const lines: string[] = [];
  const env = { PATH: '', NXT_MIGRATE_CACHE_DIR: folder };
  const log = (line: string) => void lines.push(line);
  await expect(findMysqld({ env, log })).rejects.toThrow(
    /^MySQL 8 is not here and could not be downloaded: [^]*1\. install it so that `mysqld`[^]*2\. set MYSQLD_PATH[^]*3\. on Linux x64, install Maven/,
  );
  await expect(findMariadbd({ env, log })).rejects.toThrow(
    /^MariaDB 10\.6 or later is not here[^]*1\. install it so that `mariadbd`[^]*2\. set MARIADBD_PATH[^]*3\. on Linux x64, on Debian or Ubuntu/,
  );
  expect(await readdir(folder)).toEqual([]);
});

test('a MySQL with other content than the pinned one is refused, and leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  const cache = path.join(folder, 'cache');
  const fakeMaven = await writeProgram(path.join(folder, 'bin/mvn'), 'echo other > mysql-Linux-amd64.tar.gz');
  const env = {
    ...process.env,
    PATH: `${path.dirname(fakeMaven)}${path.delimiter}${pathWithout('mysqld')}`,
    NXT_MIGRATE_CACHE_DIR: cache,
    MYSQLD_PATH: '',
  };
  await expect(findMysqld({ env })).rejects.toThrow('is not the file it was when its content was pinned');
  expect(await readdir(cache)).toEqual([]);
});

test('a folder in the cache without its program is named, so that it can be removed', async () => {
  const cache = await temporaryFolder();
  const broken = path.join(cache, 'mariadb-linux-x64');
  await mkdir(path.join(broken, 'usr'), { recursive: true });
  const env = {
    ...process.env,
    PATH: pathWithout('mariadbd'),
    NXT_MIGRATE_CACHE_DIR: cache,
    MARIADBD_PATH: '',
  };
  await expect(findMariadbd({ env })).rejects.toThrow(
    `${broken} is in the way, for it has no usr/sbin/mariadbd`,
  );
}, 180_000);

test('two processes fetching both servers at once into an empty cache both get them whole, beside a download that died', async () => {
  const folder = await temporaryFolder();
  const cache = path.join(folder, 'cache');
  await mkdir(path.join(cache, '.download-justdied/content/usr'), { recursive: true });

  const moduleUrl = await compileServers(path.join(folder, 'compiled'));
  const script = `
    import { findMariadbd } from ${JSON.stringify(moduleUrl('mariadb-binaries'))};
    import { findMysqld } from ${JSON.stringify(moduleUrl('mysql-binaries'))};
    console.log(JSON.stringify(await Promise.all([findMysqld, findMariadbd].map((find) => find({ log: console.error })))));
  `;
  const env = {
    ...process.env,
    PATH: pathWithout('mysqld', 'mariadbd'),
    NXT_MIGRATE_CACHE_DIR: cache,
    MYSQLD_PATH: '',
    MARIADBD_PATH: '',
  };
  const both = await Promise.all([1, 2].map(() => run(process.execPath, nodeArguments(script), { env })));

  const programs = both.map(({ stdout }): { file: string; env: NodeJS.ProcessEnv }[] => JSON.parse(stdout));
  expect(programs[1]).toEqual(programs[0]);
  for (const { stderr } of both) {
    expect(stderr).toContain('Downloading MySQL 8 (40 MB)');
    expect(stderr).toContain('Downloading MariaDB 10.6 or later (8 MB)');
  }
  expect((await readdir(cache)).toSorted()).toEqual([
    '.download-justdied',
    'mariadb-linux-x64',
    'mysql-8.0.15-linux-x64',
  ]);
  const [mysql, mariadb] = await Promise.all(
    (programs[0] ?? []).map((program) => run(program.file, ['--version'], { env: program.env })),
  );
  expect(mysql?.stdout).toContain('Ver 8.0.15 for linux');
  expect(mariadb?.stdout).toContain('-MariaDB');
}, 180_000);

test('where apt has no package lists, as in a fresh container, it gets lists for this use alone', async () => {
  const folder = await temporaryFolder();
  const noLists = path.join(folder, 'no-lists');
  await mkdir(noLists);
  const aptConfig = path.join(folder, 'apt.conf');
  await writeFile(aptConfig, `Dir::State::Lists "${noLists}";\n`);
  const env = {
    ...process.env,
    PATH: pathWithout('mariadbd'),
    NXT_MIGRATE_CACHE_DIR: path.join(folder, 'cache'),
    APT_CONFIG: aptConfig,
    MARIADBD_PATH: '',
  };
  const program = await findMariadbd({ env });
  expect((await run(program.file, ['--version'], { env: program.env })).stdout).toContain('-MariaDB');
  expect(await readdir(noLists)).toEqual([]);
  expect(await readdir(path.join(folder, 'cache'))).toEqual(['mariadb-linux-x64']);
}, 180_000);
