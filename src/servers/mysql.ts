import { findMysqld } from './mysql-binaries.js';
import { type MysqlOptions, type MysqlProduct, type MysqlServer, startMysqlProduct } from './mysql-server.js';

const MYSQL: MysqlProduct = {
  name: 'MySQL',
  find: findMysqld,
  locations: async () => [],
  defaults: {
    default_time_zone: '+00:00',
    performance_schema: 'OFF',
    innodb_buffer_pool_size: '32M',
    innodb_log_file_size: '16M',
    table_open_cache: '400',
    table_definition_cache: '400',
  },
  // The X protocol would listen on a port of its own. The administrative interface is off unless it is given an
  // address.
  always: ['--mysqlx=OFF'],
  // The empty password of these few seconds is nobody's: the server listens nowhere while it makes its data.
  initialise: async () => ({ args: ['--initialize-insecure'], input: '' }),
};

/**
 * Starts MySQL 8 on the loopback address and waits until it takes logins, recovery after a crash included. There
 * is no Unix socket; `root` from this machine is the only account, and its password is in the URL.
 *
 * As root the server runs under another account, and the data folder becomes that account's, wherever it lies.
 *
 * @example
 * const mysql = await startMysql({ dataDir: '.stack/mysql', keeper, settings: { log_bin: 'changes' } });
 * const connection = await createConnection(mysql.url('mysql'));
 */
export function startMysql(options: MysqlOptions): Promise<MysqlServer> {
  return startMysqlProduct(MYSQL, options);
}
