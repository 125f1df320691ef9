import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2';
import type { Client } from 'pg';
import { connect } from '../engine/postgres/connect.js';
import type { Keeper } from '../servers/keeper.js';
import type { MysqlServer } from '../servers/mysql-server.js';
import { startMysql } from '../servers/mysql.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import type { Dialect } from './peers/peer.js';
import { copyToMysql, makeInPostgres } from './seed.js';
import type { Workload } from './workloads/workload.js';

/** The servers of one run of the benchmark, with the rows of all workloads in them. */
export interface Stage {
  /** The servers' versions by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why there is no MySQL, if there is none though it is wanted. */
  readonly withoutMysql: string | undefined;
  source(dialect: Dialect, workload: Workload): string;
  /**
   * Calls with the address of an empty database and an empty folder. The server has written its log out before, so that
   * every way starts alike.
   */
  withTarget<T>(work: (place: { target: string; folder: string }) => Promise<T>): Promise<T>;
}

export interface StageOptions {
  readonly folder: string;
  readonly keeper: Keeper;
  readonly workloads: readonly Workload[];
  readonly dialects: ReadonlySet<Dialect>;
  readonly log: (line: string) => void;
}

const postgresSettings = { max_wal_size: '4GB', shared_buffers: '512MB', maintenance_work_mem: '256MB' };
const mysqlSettings = {
  innodb_buffer_pool_size: '512M',
  innodb_log_file_size: '256M',
  local_infile: '1',
  // pgloader gives up when the server begins with another way to log in, whatever the account's own is.
  default_authentication_plugin: 'mysql_native_password',
};

/**
 * The account that MySQL is read with: peers' clients do not all know the server's own way to log in. It may only read,
 * on a server that listens to this machine alone and is gone with the benchmark.
 */
const reader = { name: 'reader', password: 'reader' };

export async function setStage(options: StageOptions): Promise<Stage> {
  const { folder, keeper, workloads, log } = options;
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    keeper,
    settings: postgresSettings,
  });
  for (const workload of workloads) {
    log(`Making ${workload.rows.toLocaleString('en-US')} rows of ${workload.table.name} in PostgreSQL...`);
    await postgres.createDatabase(databaseOf(workload));
    await withClient(postgres.url(databaseOf(workload)), (client) => makeInPostgres(client, workload));
  }
  const mysql = options.dialects.has('mysql') ? await stageMysql(postgres, options) : undefined;
  return {
    versions: { PostgreSQL: await versionOf(postgres), ...(mysql?.version ? { MySQL: mysql.version } : {}) },
    withoutMysql: mysql?.missing,
    source: (dialect, workload) =>
      dialect === 'mysql' && mysql?.server
        ? mysql.server.url(databaseOf(workload), reader)
        : postgres.url(databaseOf(workload)),
    withTarget: (work) => withTarget(postgres, folder, work),
  };
}

/** A database holds one workload. */
function databaseOf(workload: Workload): string {
  return workload.name.replaceAll('-', '_');
}

async function stageMysql(
  postgres: PostgresServer,
  { folder, keeper, workloads, log }: StageOptions,
): Promise<{ server?: MysqlServer; version?: string; missing?: string }> {
  let server: MysqlServer;
  try {
    server = await startMysql({
      dataDir: path.join(folder, 'mysql'),
      keeper,
      settings: mysqlSettings,
      log,
    });
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
  const admin = createConnection({ uri: server.url('mysql') });
  try {
    await admin
      .promise()
      .query(
        `create user '${reader.name}'@'%' identified with mysql_native_password by '${reader.password}'`,
      );
    // pgloader looks for table comments and index statistics in the catalog.
    await admin.promise().query(`grant select, show view on *.* to '${reader.name}'@'%'`);
    for (const workload of workloads.filter(({ only }) => !only)) {
      log(`Copying ${workload.table.name} into MySQL...`);
      await admin.promise().query(`create database ${databaseOf(workload)}`);
      await copyWorkload(postgres, server, workload);
    }
    const version = await mysqlVersion(admin);
    return { server, version };
  } finally {
    admin.destroy();
  }
}

async function copyWorkload(
  postgres: PostgresServer,
  server: MysqlServer,
  workload: Workload,
): Promise<void> {
  const mysql = createConnection({ uri: server.url(databaseOf(workload)) });
  try {
    await withClient(postgres.url(databaseOf(workload)), (client) => copyToMysql(client, mysql, workload));
  } finally {
    mysql.destroy();
  }
}

async function mysqlVersion(connection: Connection): Promise<string> {
  const [rows] = await connection.promise().query<RowDataPacket[]>('select version() as version');
  return String(rows[0]?.['version']);
}

async function versionOf(postgres: PostgresServer): Promise<string> {
  return withClient(postgres.url('postgres'), async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  });
}

async function withTarget<T>(
  server: PostgresServer,
  folder: string,
  work: (place: { target: string; folder: string }) => Promise<T>,
): Promise<T> {
  return withClient(server.url('postgres'), async (admin) => {
    await server.createDatabase('target');
    try {
      await admin.query('checkpoint');
      return await work({ target: server.url('target'), folder: await mkdtemp(path.join(folder, 'run-')) });
    } finally {
      await admin.query('drop database target with (force)');
    }
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect({ connectionString: url });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
