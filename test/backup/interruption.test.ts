import { spawn, execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBackup } from '../../src/backup/create-backup.js';
import { compareFingerprints, fingerprint } from '../../src/backup/fingerprint.js';
import { proveBackup } from '../../src/backup/prove-backup.js';
import { restoreBackup } from '../../src/backup/restore-backup.js';
import type { BackupProgress, Watch } from '../../src/backup/types.js';
import { listBackups } from '../../src/backup/verify-backup.js';
import { connectionsOf, testServer, unwatched, type TestDatabase, type TestServer } from './databases.js';

const run = promisify(execFile);
const project = path.resolve(fileURLToPath(import.meta.url), '../../..');

let server: TestServer;
let target: TestDatabase;
let backup: TestDatabase;
let folder: string;

const now = new Date('2025-01-19T10:30:00Z');
const tables = ['big', 'bigger'];
const create = (watch: Watch, of = target) =>
  createBackup({ target: of, backup, tables, run: 'r', now, ...watch });
const look = () => fingerprint({ target, tables, ...unwatched() });
const copying = `query ilike 'copy%'`;
const waiting = `wait_event_type = 'Lock'`;
const noSignal = new AbortController().signal;

beforeAll(async () => {
  server = await testServer();
  target = await server.database('target', 'target');
  await target.query(`
    create table big (id serial primary key, t text);
    create table bigger (id serial primary key, big_id int references big, t text);
    insert into big (t) select repeat('x', 200) || g from generate_series(1, 30000) g;
    insert into bigger (big_id, t) select g, repeat('y', 200) || g from generate_series(1, 30000) g`);
  folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-backup-build-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
beforeEach(async () => {
  backup = await server.database(`backup ${++count}`, 'backup');
});

/** Does something once, in the middle of the copy of the second table. */
function inTheMiddle(act: () => void): (progress: BackupProgress) => void {
  let done = false;
  return ({ table, doing, bytes }) => {
    if (done || table !== 'bigger' || doing !== 'copying' || bytes === 0) return;
    done = true;
    act();
  };
}

async function nothingIsLeft(): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await connectionsOf(backup, copying)).toBe(0);
      expect(await connectionsOf(target, copying)).toBe(0);
    },
    { timeout: 1_000, interval: 20 },
  );
  expect(await backup.query(`select nspname from pg_namespace where nspname like 'backup\\_%'`)).toEqual([]);
  expect(await listBackups(backup, noSignal)).toEqual([]);
}

describe('aborting', () => {
  test('in the middle of a copy it ends within a second on both servers, leaves nothing, and the next works', async () => {
    const stop = new AbortController();
    const reason = new Error('told to stop');
    let abortedAt = 0;
    const progress = inTheMiddle(() => {
      abortedAt = performance.now();
      stop.abort(reason);
    });
    await expect(create({ signal: stop.signal, progress })).rejects.toBe(reason);
    expect(performance.now() - abortedAt).toBeLessThan(1_000);
    await nothingIsLeft();
    expect((await create(unwatched())).name).toBe('backup_2025-01-19_10-30-00');
  });

  test('in the middle of a long statement the server stops too', async () => {
    const stop = new AbortController();
    // Somebody holds a lock, so that reading the table takes as long as we like.
    const holder = new Client(target.config);
    await holder.connect();
    await holder.query('begin; lock table bigger');
    try {
      const working = create({ signal: stop.signal, progress: () => undefined });
      const ending = working.then(() => 'finished', String);
      await vi.waitFor(async () => expect(await connectionsOf(target, waiting)).toBe(1));
      const abortedAt = performance.now();
      stop.abort(new Error('told to stop'));
      expect(await ending).toBe('Error: told to stop');
      expect(performance.now() - abortedAt).toBeLessThan(1_000);
      await vi.waitFor(async () => expect(await connectionsOf(target, waiting)).toBe(0));
    } finally {
      await holder.end();
    }
  });

  test('a restore that is aborted leaves the target as it was', async () => {
    const { name } = await create(unwatched());
    await target.query(`delete from bigger where id = 7; select nextval('big_id_seq')`);
    const before = await look();
    const stop = new AbortController();
    const progress = inTheMiddle(() => stop.abort(new Error('told to stop')));
    await expect(restoreBackup({ target, backup, name, signal: stop.signal, progress })).rejects.toThrow(
      'told',
    );
    expect(compareFingerprints(before, await look())).toEqual([]);
    await restoreBackup({ target, backup, name, ...unwatched() });
    expect((await look()).tables[1]).toMatchObject({ rows: 30_000 });
  });

  test('an abort before the start touches nothing', async () => {
    await expect(
      create({ signal: AbortSignal.abort(new Error('too late')), progress: () => undefined }),
    ).rejects.toThrow('too late');
    expect(await backup.query(`select from pg_namespace where nspname = 'migration_backup'`)).toEqual([]);
  });
});

describe('lost connections', () => {
  test.each(['target', 'backup'])(
    'a connection to the %s that is ended in the middle of a copy is a transient error that names it',
    async (label) => {
      const victim = label === 'target' ? target : backup;
      const progress = inTheMiddle(() => {
        void victim.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
      });
      await expect(create({ signal: noSignal, progress })).rejects.toMatchObject({
        code: 'ERR_001',
        transient: true,
        place: { server: label },
      });
      await nothingIsLeft();
      await create(unwatched());
    },
  );

  test('a server that is not there and a password that is wrong are told apart', async () => {
    const away = { label: 'target', config: { host: '127.0.0.1', port: 1, user: 'x', database: 'x' } };
    const options = { backup, tables, run: 'r', now, ...unwatched() };
    await expect(createBackup({ ...options, target: away })).rejects.toMatchObject({
      code: 'ERR_001',
      transient: true,
      message: 'The connection to the target database failed (ECONNREFUSED).',
    });
    const url = new URL(target.url);
    url.password = 'wrong';
    const denied = { label: 'target', config: { connectionString: url.href } };
    await expect(createBackup({ ...options, target: denied })).rejects.toMatchObject({
      code: 'ERR_001',
      transient: false,
    });
  });
});

/** A point in the work, seen from its progress. */
interface Moment extends Pick<BackupProgress, 'table' | 'doing'> {
  /** once rows have passed */
  streaming?: true;
}

describe('killed with SIGKILL', () => {
  let compiled: string;

  beforeAll(async () => {
    await symlink(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: path.join(project, 'tsconfig.build.json'),
        compilerOptions: { rootDir: project, outDir: folder, incremental: false, declaration: false },
        include: [path.join(project, 'src/backup/*.ts')],
      }),
    );
    await mkdir(path.join(folder, 'src'), { recursive: true });
    await run(process.execPath, [path.join(project, 'node_modules/typescript/bin/tsc'), '-p', folder]);
    compiled = pathToFileURL(path.join(folder, 'src/backup/')).href;
  });

  /** Runs the call in a process of its own and kills that as soon as it reports the wanted progress. */
  async function killedAt(module: string, call: string, at: Moment): Promise<void> {
    const options = {
      tables,
      run: 'r',
      target: { label: 'target', config: target.config },
      backup: { label: 'backup', config: backup.config },
    };
    const script = `
      import { ${call} } from ${JSON.stringify(new URL(`${module}.js`, compiled).href)};
      const options = ${JSON.stringify(options)};
      await ${call}({ ...options, name: process.env.BACKUP, now: new Date('2025-01-19T10:30:00Z'),
        signal: new AbortController().signal, progress: (p) => process.stdout.write(JSON.stringify(p) + '\\n') });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, BACKUP: 'before the kill' },
    });
    let killed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== '')) {
        const progress: BackupProgress = JSON.parse(line);
        const { table, doing, bytes } = progress;
        const reached = table === at.table && doing === at.doing && (at.streaming !== true || bytes > 0);
        if (reached && !killed) killed = child.kill('SIGKILL');
      }
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(killed, 'the process ended before it could be killed').toBe(true);
  }

  test.each<Moment>([
    { table: 'big', doing: 'copying' },
    { table: 'bigger', doing: 'copying', streaming: true },
    { table: 'bigger', doing: 'comparing' },
  ])('while it creates a backup (%o) nothing is left, and the next call makes a whole one', async (at) => {
    await killedAt('create-backup', 'createBackup', at);
    const { name } = await create(unwatched());
    expect((await listBackups(backup, noSignal)).map((manifest) => manifest.name)).toEqual([name]);
    await vi.waitFor(async () => expect(await connectionsOf(target, copying)).toBe(0), { timeout: 2_000 });
    const schemas = await backup.query(
      `select nspname from pg_namespace where nspname ~ '^(backup_|before|migration_proof)'`,
    );
    expect(schemas).toEqual([{ nspname: name }]);
    await proveBackup({ backup, name, ...unwatched() });
  });

  test('while it restores and while it proves, the target is as it was and the next call works', async () => {
    const { name } = await createBackup({
      target,
      backup,
      tables,
      run: 'r',
      now,
      name: 'before the kill',
      ...unwatched(),
    });
    const whole = await look();
    await target.query('delete from bigger where id = 9');
    const before = await look();
    await killedAt('restore-backup', 'restoreBackup', { table: 'bigger', doing: 'copying', streaming: true });
    expect(compareFingerprints(before, await look())).toEqual([]);
    await killedAt('prove-backup', 'proveBackup', { table: 'bigger', doing: 'copying', streaming: true });
    await proveBackup({ backup, name, ...unwatched() });
    await sleep(100);
    expect(await backup.query(`select from pg_namespace where nspname like 'migration\\_proof%'`)).toEqual(
      [],
    );
    await restoreBackup({ target, backup, name, ...unwatched() });
    expect(compareFingerprints(whole, await look())).toEqual([]);
  });
});
