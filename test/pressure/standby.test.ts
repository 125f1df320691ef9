import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createKeeper } from '../../src/servers/keeper.js';
import { startPostgres, type PostgresServer } from '../../src/servers/postgres.js';
import { watchServers, type Watched } from './watched.js';

/** A PostgreSQL with a streaming standby, and another one to move into. */
const keeper = createKeeper();
let folder: string;
let primary: PostgresServer;
let standby: PostgresServer;
const clients: Client[] = [];
let onPrimary: Client;
let onStandby: Client;

beforeAll(async () => {
  folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-standby-'));
  const settings = { fsync: 'off', max_standby_streaming_delay: '-1', wal_receiver_status_interval: '1' };
  const [first, second] = [path.join(folder, 'primary'), path.join(folder, 'standby')];
  const made = await startPostgres({ dataDir: first, keeper, settings });
  await made.createDatabase('legacy');
  await made.createDatabase('target');
  await made.stop();
  await cp(first, second, { recursive: true });
  await writeFile(path.join(second, 'standby.signal'), '');
  primary = await startPostgres({ dataDir: first, keeper, settings });
  const { username, password, port } = new URL(primary.url('legacy'));
  const primary_conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password} application_name=replica1`;
  standby = await startPostgres({ dataDir: second, keeper, settings: { ...settings, primary_conninfo } });
  onPrimary = await connect(primary);
  onStandby = await connect(standby);
  await onPrimary.query('create table orders as select generate_series(1, 1000) as id');
  await replayed();
}, 120_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await keeper.close();
  await rm(folder, { recursive: true, force: true });
});

let watched: Watched | undefined;
afterEach(async () => {
  await watched?.close();
});

async function connect(server: PostgresServer): Promise<Client> {
  const client = new Client({ connectionString: server.url('legacy'), application_name: 'shop' });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** Resolves when the standby has all that the primary has written. */
async function replayed(): Promise<void> {
  const { rows } = await onPrimary.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  for (;;) {
    const { rows: found } = await onStandby.query<{ there: boolean }>(
      'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there',
      [rows[0]?.lsn],
    );
    if (found[0]?.there) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const write = (): Promise<unknown> => onPrimary.query('insert into orders values (0)');

test('a primary is spared while its standby is behind, and says which one it is', async () => {
  watched = watchServers({
    SOURCE_DATABASE_URL: standby.url('legacy'),
    DATABASE_URL: primary.url('target'),
    MIGRATION_MAX_REPLICATION_LAG: '1s',
  });
  await onStandby.query('select pg_wal_replay_pause()');
  const writing = setInterval(() => void write(), 100);
  const words = await watched.strain('target', 'replication-lag');
  clearInterval(writing);
  expect(words).toMatch(
    /^has a standby \(replica1\) that is [1-9]\d* s behind, with \d+ MB to replay; 1 s is the limit \(MIGRATION_MAX_REPLICATION_LAG\)$/,
  );
  // It is behind because somebody wanted it so: reading from it changes nothing.
  expect(watched.server('source').strains).toEqual([]);
  await onStandby.query('select pg_wal_replay_resume()');
  await watched.atEase('target');
}, 60_000);

test('a standby that is read from is spared while readings hold up its replay', async () => {
  watched = watchServers({
    SOURCE_DATABASE_URL: standby.url('legacy'),
    DATABASE_URL: primary.url('target'),
    MIGRATION_MAX_REPLICATION_LAG: '1s',
  });
  await replayed();
  await onStandby.query('begin isolation level repeatable read; select count(*) from orders');
  await onPrimary.query('delete from orders');
  await onPrimary.query('vacuum orders');
  await write();
  expect(await watched.strain('source', 'replication-lag')).toMatch(
    /^is a standby that is [1-9]\d* s behind its primary; 1 s is the limit/,
  );
  await onStandby.query('commit');
  await watched.atEase('source');
}, 60_000);
