import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Throttle } from '../../src/contract/status.js';
import { Courtesy, type Turn } from '../../src/pressure/courtesy.js';
import { MigrationError } from '../../src/contract/errors.js';
import { databaseError } from '../../src/store/postgres-errors.js';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres, type PostgresServer } from '../../src/servers/postgres.js';
import { watchServers, type Watched } from './watched.js';

const keeper = createKeeper();
let folder: string;
let server: PostgresServer;
let admin: Client;
beforeAll(async () => {
  folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-pressure-'));
  const settings = { fsync: 'off', max_connections: '30' };
  server = await startPostgres({ dataDir: path.join(folder, 'postgres'), keeper, settings });
  await Promise.all(['legacy', 'target'].map((name) => server.createDatabase(name)));
  admin = new Client({ connectionString: server.url('target') });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await keeper.close();
  await rm(folder, { recursive: true, force: true });
});

let watched: Watched | undefined;
const others: Client[] = [];
afterEach(async () => {
  await leave();
  await watched?.close();
});

function watch(settings: Record<string, string>, login = server.url('target')): Watched {
  return (watched = watchServers({
    SOURCE_DATABASE_URL: server.url('legacy'),
    DATABASE_URL: login,
    MIGRATION_MAX_ACTIVE_SESSIONS: 'off',
    MIGRATION_MAX_REPLICATION_LAG: 'off',
    MIGRATION_MAX_CONNECTION_SHARE: 'off',
    ...settings,
  }));
}

async function come(count: number, work?: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const client = new Client({ connectionString: server.url('target'), application_name: 'shop' });
    client.on('error', () => undefined);
    await client.connect();
    others.push(client);
    if (work) client.query(work).catch(() => undefined);
  }
}

async function leave(): Promise<void> {
  await admin.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'shop'`,
  );
  await Promise.all(others.splice(0).map((other) => other.end().catch(() => undefined)));
}

/** A user of its own, with no rights but to connect. */
async function user(limit = -1): Promise<{ name: string; url: string }> {
  const name = `mover_${randomBytes(4).toString('hex')}`;
  await admin.query(`create role ${name} login password 'secret' connection limit ${limit}`);
  const url = new URL(server.url('target'));
  url.username = name;
  url.password = 'secret';
  return { name, url: url.href };
}

describe('what is seen of a server', () => {
  test('sessions of others that are at work, and those of them that wait for locks', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '1' });
    await admin.query('create table if not exists stock (id int)');
    await come(2);
    await admin.query('begin; lock table stock');
    for (const other of others) other.query('select count(*) from stock').catch(() => undefined);
    expect(await seen.strain('target', 'load', /locks/)).toMatch(
      /^is busy with \d sessions of others, 2 of them waiting for locks; 1 is the limit/,
    );
    await admin.query('rollback');
    await seen.atEase('target');
  });

  test('connections of the server, without those that are kept for superusers', async () => {
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.5' });
    await come(15);
    expect(await seen.strain('target', 'connections')).toMatch(
      /^has 1\d of the 27 connections in use that it may have; 50% is the limit \(MIGRATION_MAX_CONNECTION_SHARE\)$/,
    );
    await leave();
    await seen.atEase('target');
  });

  test('connections of our user, where it may have fewer; and that it may not see the load of others', async () => {
    const { url } = await user(2);
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.4', MIGRATION_MAX_ACTIVE_SESSIONS: '1' }, url);
    expect(await seen.strain('target', 'connections')).toMatch(
      /^has 1 of the 2 connections in use that our user may have; 40% is the limit/,
    );
    await seen.watch.bell.wait(60_000);
    expect(seen.notes).toEqual(['Our user may not see the load of the target; it is not watched.']);
  });

  test('nothing, with every limit off: nobody is even asked', async () => {
    expect(watch({}).watch.servers).toEqual([]);
  });
});

describe('work', () => {
  const need = { source: 1, target: 4 };

  function courtesy({ first = true, share }: { first?: boolean; share?: number } = {}) {
    const told: (Throttle | null)[] = [];
    const warnings: string[] = [];
    let left = true;
    const made = new Courtesy({
      watch: (watched as Watched).watch,
      first,
      need,
      report: (throttle) => told.push(throttle),
      warn: (note) => warnings.push(note),
      isLeft: () => Promise.resolve(left),
      maxConnectionShare: share,
    });
    return { made, told, warnings, finish: () => (left = false) };
  }
  const never = new AbortController().signal;

  test('rests in proportion to how far the figure is over its limit', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '2' });
    await come(3, 'select pg_sleep(1000)');
    await seen.strain('target', 'load');
    const { made, told } = courtesy();
    const [worked, rested] = await made.inTurns(
      never,
      async ({ pause, pace }) => {
        const from = performance.now();
        await sleep(300);
        const then = performance.now();
        await pace(pause);
        return [then - from, performance.now() - then];
      },
      () => true,
    );
    // At half over it, twice as long.
    expect((rested ?? 0) / (worked ?? 1)).toBeGreaterThan(1.8);
    // So short a rest may not have been told at all; if it was, it is over.
    expect(told.at(-1) ?? null).toBeNull();
  });

  test('goes on at once when nothing is over a limit, and when it is told to end', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '2' });
    await seen.atEase('target');
    const { made } = courtesy();
    const stop = new AbortController();
    const rests = await made.inTurns(
      stop.signal,
      async ({ pause, pace }) => {
        const begun = performance.now();
        await pace(pause);
        const first = performance.now() - begun;
        await come(3, 'select pg_sleep(1000)');
        await seen.strain('target', 'load');
        await sleep(500);
        setTimeout(() => stop.abort(), 50);
        const then = performance.now();
        await pace(pause);
        return [first, performance.now() - then];
      },
      () => true,
    );
    expect(rests[0]).toBeLessThan(50);
    expect(rests[1]).toBeLessThan(500);
  });

  test('that was refused for want of connections waits for one, and says so', async () => {
    const { name, url } = await user(0);
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.9' }, url);
    const { made, told } = courtesy({ share: 0.9 });
    let tries = 0;
    const working = made.inTurns(
      never,
      async () => {
        tries++;
        const client = new Client({ connectionString: url });
        try {
          await client.connect();
        } catch (error) {
          throw databaseError(error, 'target');
        }
        await client.end();
        return 'done';
      },
      () => true,
    );
    await seen.strain('target', 'connections', /^has no connection to spare$/);
    while (told.length === 0) await seen.watch.bell.wait(1_000);
    expect(told[0]).toMatchObject({
      server: 'target',
      what: 'connections',
      reason: 'The target has no connection to spare. The run waits until there are some for it.',
    });
    await admin.query(`alter role ${name} connection limit 10`);
    expect(await working).toBe('done');
    expect(tries).toBeGreaterThan(1);
    expect(told.at(-1)).toBeNull();
  });

  test('that goes on beside the first gives its connections back when too few are left to others', async () => {
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.6' });
    await seen.atEase('target');
    const [beside, first] = [courtesy({ first: false, share: 0.6 }), courtesy({ share: 0.6 })];
    const turns: Turn[] = [];
    const ended = new AbortController();
    const waitForTheEnd = ({ pause }: Turn): Promise<string> =>
      new Promise((resolve) => {
        AbortSignal.any([pause, ended.signal]).addEventListener('abort', () =>
          resolve(ended.signal.aborted ? 'over' : 'let go'),
        );
      });
    const isOver = (end: string): boolean => end === 'over';
    const besides = beside.made.inTurns(
      never,
      (turn) => {
        turns.push(turn);
        return waitForTheEnd(turn);
      },
      isOver,
    );
    const firsts = first.made.inTurns(never, waitForTheEnd, isOver);
    while (turns.length === 0) await sleep(20);
    await come(22);
    while (!beside.told.some((throttle) => throttle?.reason.includes('Further ranges wait')))
      await seen.watch.bell.wait(1_000);
    await leave();
    while (turns.length < 2) await sleep(20);
    expect(first.told.filter((throttle) => throttle !== null)).toEqual([]);
    ended.abort();
    expect(await Promise.all([besides, firsts])).toEqual(['over', 'over']);
  });

  test('beside the first that waits ends when nothing is left to do, without having begun', async () => {
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.5' });
    await come(15);
    await seen.strain('target', 'connections');
    const { made, told, finish } = courtesy({ first: false, share: 0.5 });
    const working = made.inTurns(
      never,
      () => Promise.resolve('none left'),
      () => true,
    );
    while (told.length === 0) await seen.watch.bell.wait(1_000);
    finish();
    expect(await working).toBe('none left');
  });

  test('that fails for any other reason fails, far over a limit too', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '1' });
    const { made } = courtesy();
    const failing = made.inTurns(
      never,
      async ({ pause }) => {
        await come(3, 'select pg_sleep(1000)');
        while (!pause.aborted) await seen.watch.bell.wait(1_000);
        throw new MigrationError('ERR_009', 'It is bent.', { next: 'Look.' });
      },
      () => true,
    );
    await expect(failing).rejects.toMatchObject({ code: 'ERR_009' });
  });
});
