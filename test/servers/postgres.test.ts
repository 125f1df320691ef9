import { execFile, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freePorts } from '../../src/servers/free-port.js';
import { createKeeper, type Keeper } from '../../src/servers/keeper.js';
import { postgresPackage, preparePostgres } from '../../src/servers/postgres-binaries.js';
import { startPostgres } from '../../src/servers/postgres.js';
import { serverUserFor } from '../../src/servers/server-user.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;

function keeperForTest(): Keeper {
  const keeper = createKeeper();
  onTestFinished(() => keeper.close());
  return keeper;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a cluster is made, keeps its data over a stop and over a crash, and has real credentials', async () => {
  const dataDir = path.join(await temporaryFolder(), 'deep', 'data');
  const keeper = keeperForTest();

  const first = await startPostgres({ dataDir, keeper, settings: { max_connections: '37' } });
  await Promise.all([first.createDatabase('Legacy "shop"'), first.createDatabase('Legacy "shop"')]);
  await first.createDatabase('Legacy "shop"');
  const url = first.url('Legacy "shop"');
  expect(
    await query(url, `select current_setting('max_connections') as max, current_setting('TimeZone') as zone`),
  ).toEqual([{ max: '37', zone: 'UTC' }]);
  expect(
    await query(url, `select pg_encoding_to_char(encoding) as e, datcollate as c from pg_database limit 1`),
  ).toEqual([{ e: 'UTF8', c: 'C' }]);
  await query(url, 'create table kept (id int); insert into kept values (1)');
  await expect(query(url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toThrow(
    'password authentication failed',
  );
  expect((await stat(path.join(dataDir, 'nxt-migrate.password'))).mode & 0o777).toBe(0o600);
  expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain(new URL(url).password);
  await first.stop();
  await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED');

  const second = await startPostgres({ dataDir, keeper, port: first.port });
  await query(url, 'insert into kept values (2)');
  second.kill();

  const third = await startPostgres({ dataDir, keeper, port: first.port });
  expect(await query(url, 'select array_agg(id order by id) as ids from kept')).toEqual([{ ids: [1, 2] }]);
  await expect(startPostgres({ dataDir, keeper })).rejects.toThrow(`A PostgreSQL (process ${third.pid}`);
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
}, 30_000);

test('what processes that died have left behind does not hinder the start', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  // A cluster half made.
  await mkdir(`${dataDir}.unfinished`);
  await writeFile(path.join(`${dataDir}.unfinished`, 'PG_VERSION'), '18\n');
  await writeFile(`${dataDir}.unfinished.password`, 'of the half-made one');
  const keeper = keeperForTest();
  const first = await startPostgres({ dataDir, keeper });
  const pidFile = path.join(dataDir, 'postmaster.pid');
  const written = await readFile(pidFile, 'utf8');
  await first.stop();

  // A postmaster.pid whose number another program has now.
  const user = await serverUserFor(dataDir);
  const stranger = spawn('sleep', ['60'], { ...user });
  onTestFinished(() => void stranger.kill());
  await writeFile(pidFile, written.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
  if (user) await chown(pidFile, user.uid, user.gid);

  const second = await startPostgres({ dataDir, keeper });
  expect(await query(second.url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
}, 30_000);

test('a folder that is not ours to use is refused with a sentence and left as it is', async () => {
  const folder = await temporaryFolder();
  const keeper = keeperForTest();
  const foreign = path.join(folder, 'foreign');
  await mkdir(foreign);
  await writeFile(path.join(foreign, 'letter.txt'), 'dear');
  await expect(startPostgres({ dataDir: foreign, keeper })).rejects.toThrow('holds no PostgreSQL data');

  const older = path.join(folder, 'older');
  await mkdir(older);
  await writeFile(path.join(older, 'PG_VERSION'), '9.6\n');
  await expect(startPostgres({ dataDir: older, keeper })).rejects.toThrow('was made by PostgreSQL 9.6');

  const keyless = path.join(folder, 'keyless');
  await mkdir(keyless);
  await writeFile(path.join(keyless, 'PG_VERSION'), '18\n');
  await expect(startPostgres({ dataDir: keyless, keeper })).rejects.toThrow(
    'holds PostgreSQL data that this tool did not make',
  );
  expect(await readdir(foreign)).toEqual(['letter.txt']);
});

test('a server that does not start says why, in its own words', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const started = startPostgres({ dataDir, keeper: keeperForTest(), settings: { no_such_setting: '1' } });
  await expect(started).rejects.toThrow(
    /PostgreSQL ended while starting \(exit code 1\)[^]*unrecognized configuration parameter "no_such_setting"/,
  );
}, 30_000);

test('the package works where its install script did not run, and below a folder closed to the server’s account', async () => {
  const folder = await temporaryFolder();
  const clone = path.join(folder, 'package');
  await cp(postgresPackage(), clone, { recursive: true, verbatimSymlinks: true });
  const links: { target: string }[] = JSON.parse(
    await readFile(path.join(clone, 'native/pg-symlinks.json'), 'utf8'),
  );
  expect(links.length).toBeGreaterThan(0);
  for (const { target } of links) await rm(path.join(clone, target), { force: true });

  // Where root's copy for the other account goes; it must be open to that account.
  const cache = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-test-cache-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  await chmod(cache, 0o755);
  vi.stubEnv('NXT_MIGRATE_CACHE_DIR', cache);
  onTestFinished(() => void vi.unstubAllEnvs());

  const user = await serverUserFor(path.join(folder, 'data'));
  const [one, other] = await Promise.all([preparePostgres(clone, user), preparePostgres(clone, user)]);
  expect(other).toEqual(one);
  expect(one.majorVersion).toBe('18');
  expect(one.postgres.startsWith(asRoot ? cache : clone)).toBe(true);
  const { stdout } = await run(one.initdb, ['--version'], { ...user, cwd: '/' });
  expect(stdout).toContain('(PostgreSQL) 18');
}, 30_000);

test.runIf(asRoot)(
  'root gets a server under another account, and leaves an ordinary user’s data folder that user’s',
  async () => {
    const dataDir = path.join(await temporaryFolder(), 'data');
    const keeper = keeperForTest();
    const [port] = await freePorts(1);
    const options = { dataDir, keeper, ...(port && { port }) };
    const first = await startPostgres(options);
    expect((await stat(dataDir)).uid).not.toBe(0);
    await first.stop();

    for (const name of await readdir(dataDir, { recursive: true }))
      await chown(path.join(dataDir, name), 54_321, 54_321);
    await chown(dataDir, 54_321, 54_321);
    const second = await startPostgres(options);
    const { stdout } = await run('ps', ['-o', 'uid=', '-p', String(second.pid)]);
    expect(stdout.trim()).toBe('54321');
  },
  30_000,
);
