import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DatabaseProgram } from './find-database-server.js';
import { findMariadbd } from './mariadb-binaries.js';
import { SUPERUSER } from './mysql-data.js';
import { type MysqlOptions, type MysqlProduct, type MysqlServer, startMysqlProduct } from './mysql-server.js';

/** Where the server's own files are below the folder it is installed in; it differs between builds. */
const SHARE_FOLDERS = ['share/mysql', 'share/mariadb', 'share'];

/** What makes the system tables, in order. Each is named after MySQL up to MariaDB 10, after MariaDB since. */
const SYSTEM_SQL = [
  ['mariadb_system_tables.sql', 'mysql_system_tables.sql'],
  ['mariadb_performance_tables.sql', 'mysql_performance_tables.sql'],
  ['mariadb_system_tables_data.sql', 'mysql_system_tables_data.sql'],
  ['maria_add_gis_sp_bootstrap.sql'],
  ['mariadb_sys_schema.sql', 'mysql_sys_schema.sql'],
];

/** Roles, and the account that owns the system views and is locked, are no way in. */
const ONLY_THE_SUPERUSER = `delete from mysql.global_priv where not (user = '${SUPERUSER}' and host = 'localhost') and user <> 'mariadb.sys' and json_value(priv, '$.is_role') is null;`;

const MARIADB: MysqlProduct = {
  name: 'MariaDB',
  find: findMariadbd,
  locations: async (program) => {
    const { base, share } = await layoutOf(program);
    return [`--basedir=${base}`, `--lc-messages-dir=${share}`];
  },
  defaults: {
    default_time_zone: '+00:00',
    performance_schema: 'OFF',
    innodb_buffer_pool_size: '32M',
    innodb_log_file_size: '16M',
    aria_pagecache_buffer_size: '8M',
    key_buffer_size: '1M',
  },
  always: [],
  // What `mariadb-install-db` does, without the programs of other packages that it needs.
  initialise: async (program) => ({
    args: ['--bootstrap', '--log-warnings=0'],
    input: await systemSql(program),
  }),
};

/**
 * Starts MariaDB on the loopback address; in everything else as `startMysql`.
 *
 * @example
 * const mariadb = await startMariadb({ dataDir: '.stack/mariadb', keeper });
 * const connection = await createConnection(mariadb.url('mysql'));
 */
export function startMariadb(options: MysqlOptions): Promise<MysqlServer> {
  return startMysqlProduct(MARIADB, options);
}

async function systemSql(program: DatabaseProgram): Promise<string> {
  const { share } = await layoutOf(program);
  const before = ['create database mysql;', 'use mysql;', 'set @auth_root_socket = null;'];
  const files = await Promise.all(SYSTEM_SQL.map((names) => readFirst(share, names)));
  return [...before, ...files, ONLY_THE_SUPERUSER, ''].join('\n');
}

async function layoutOf({ file }: DatabaseProgram): Promise<{ base: string; share: string }> {
  const base = path.dirname(path.dirname(file));
  for (const share of SHARE_FOLDERS.map((folder) => path.join(base, folder)))
    if (await exists(path.join(share, 'english', 'errmsg.sys'))) return { base, share };
  throw new Error(
    `${file} is without its own files: ${base} has none of ${SHARE_FOLDERS.join(', ')}. Install MariaDB again.`,
  );
}

async function readFirst(folder: string, names: readonly string[]): Promise<string> {
  for (const name of names)
    if (await exists(path.join(folder, name))) return readFile(path.join(folder, name), 'utf8');
  throw new Error(`${folder} has no file ${names.join(' or ')}. Install MariaDB 10.6 or later again.`);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
