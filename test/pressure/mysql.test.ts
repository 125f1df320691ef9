import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { createKeeper } from '../../src/servers/keeper.js';
import type { MysqlServer } from '../../src/servers/mysql-server.js';
import { queryMysql } from '../helpers/mysql-servers.js';
import { mysqlNames, starts } from '../helpers/mysql-on-demand.js';
import { watchServers, type Watched } from './watched.js';

const accounts = {
  MySQL: (name: string) => `create user ${name} identified with mysql_native_password by 'secret'`,
  MariaDB: (name: string) => `create user ${name} identified by 'secret'`,
};
const shop = { name: 'shop', password: 'secret' };
const reader = { name: 'reader', password: 'secret' };

describe.each(mysqlNames)('a source that is a replica of %s', (name) => {
  const keeper = createKeeper();
  let folder: string;
  let primary: MysqlServer;
  let replica: MysqlServer;
  const others: Connection[] = [];
  let watched: Watched | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-replica-'));
    const start = (id: string): Promise<MysqlServer> =>
      starts[name]({
        dataDir: path.join(folder, id),
        keeper,
        settings: { server_id: id, log_bin: 'changes', max_connections: '20' },
      });
    [primary, replica] = await Promise.all([start('1'), start('2')]);
    const [position] = await queryMysql(primary.url('mysql'), 'show master status');
    await queryMysql(primary.url('mysql'), accounts[name]('follower'));
    await queryMysql(primary.url('mysql'), 'grant replication slave on *.* to follower');
    await queryMysql(
      replica.url('mysql'),
      `change master to master_host = '127.0.0.1', master_port = ?, master_user = 'follower', master_password = 'secret',
         master_log_file = ?, master_log_pos = ?`,
      [primary.port, position?.['File'], Number(position?.['Position'])],
    );
    await queryMysql(replica.url('mysql'), 'start slave');
    await queryMysql(primary.url('mysql'), 'create database legacy');
    await queryMysql(primary.url('legacy'), 'create table orders (id int)');
    for (const account of ['shop', 'reader']) {
      await queryMysql(primary.url('mysql'), accounts[name](account));
      await queryMysql(primary.url('mysql'), `grant select on legacy.* to ${account}`);
    }
    const arrived = () =>
      queryMysql(replica.url('mysql'), `show grants for reader`).then(
        (rows) => rows.length === 2,
        () => false,
      );
    while (!(await arrived())) await new Promise((resolve) => setTimeout(resolve, 100));
  }, 180_000);
  afterEach(async () => {
    await watched?.close();
    for (const other of others.splice(0)) other.destroy();
  });
  afterAll(async () => {
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  });

  function watch(settings: Record<string, string>, url = replica.url('legacy')): Watched {
    return (watched = watchServers({
      SOURCE_DATABASE_URL: url,
      DATABASE_URL: inject('postgresUrl'),
      ...settings,
    }));
  }

  async function come(count: number, work?: string): Promise<void> {
    for (let i = 0; i < count; i++) {
      const connection = await createConnection(replica.url('legacy', shop));
      connection.on('error', () => undefined);
      others.push(connection);
      if (work) connection.query(work).catch(() => undefined);
    }
  }

  test('is spared while it is behind, but not waited for when its replay was stopped', async () => {
    const seen = watch({ MIGRATION_MAX_REPLICATION_LAG: '1s' });
    const holder = await createConnection(replica.url('legacy'));
    others.push(holder);
    await holder.query('flush tables with read lock');
    await queryMysql(primary.url('legacy'), 'insert into orders values (1)');
    expect(await seen.strain('source', 'replication-lag')).toMatch(
      /^is a replica that is [1-9]\d* s behind its own source; 1 s is the limit \(MIGRATION_MAX_REPLICATION_LAG\)$/,
    );
    await holder.query('unlock tables');
    await seen.atEase('source');
    await queryMysql(replica.url('mysql'), 'stop slave sql_thread');
    await queryMysql(primary.url('legacy'), 'insert into orders values (2)');
    await seen.atEase('source');
    await queryMysql(replica.url('mysql'), 'start slave sql_thread');
  }, 60_000);

  test('is spared while sessions of others are at work; idle ones and ours do not count', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '2', MIGRATION_MAX_REPLICATION_LAG: 'off' });
    await come(3);
    const ours = await createConnection(replica.url('legacy'));
    others.push(ours);
    ours.query('select sleep(1000)').catch(() => undefined);
    await seen.atEase('source');
    await come(3, 'select sleep(1000)');
    // Two of them may be the replica's own threads.
    expect(await seen.strain('source', 'load')).toMatch(
      /^is busy with [3-5] sessions of others; 2 is the limit \(MIGRATION_MAX_ACTIVE_SESSIONS\)$/,
    );
  }, 60_000);

  test('tells how many connections are in use, and is as good as full when it lets nobody in', async () => {
    const seen = watch({ MIGRATION_MAX_CONNECTION_SHARE: '0.5' });
    await come(10);
    expect(await seen.strain('source', 'connections')).toMatch(
      /^has 1\d of the 20 connections in use that it may have; 50% is the limit \(MIGRATION_MAX_CONNECTION_SHARE\)$/,
    );
    expect(seen.server('source').tooFewFor(2, 0.5)).toMatch(/^has 1\d of the 20/);
    await seen.close();
    await come(20).catch(() => undefined);
    const late = watch({}, replica.url('legacy', shop));
    expect(await late.strain('source', 'connections')).toBe('has no connection to spare');
    for (const other of others.splice(0)) other.destroy();
    await late.atEase('source');
  }, 60_000);

  test('is watched for what our user may see, and it is said once what that leaves out', async () => {
    const seen = watch({ MIGRATION_MAX_ACTIVE_SESSIONS: '2' }, replica.url('legacy', reader));
    await come(3, 'select sleep(1000)');
    expect(await seen.strain('source', 'load')).toMatch(/^is busy with \d+ sessions/);
    await seen.watch.bell.wait(60_000);
    expect(seen.notes).toEqual([
      'Our user may not see the replication lag of the source; it is not watched.',
    ]);
  }, 60_000);
});
