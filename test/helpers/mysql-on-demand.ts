import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Keeper } from '../../src/servers/keeper.js';
import { startMariadb } from '../../src/servers/mariadb.js';
import type { MysqlServer } from '../../src/servers/mysql-server.js';
import { startMysql } from '../../src/servers/mysql.js';

export const starts = { MySQL: startMysql, MariaDB: startMariadb };
export type MysqlName = keyof typeof starts;
export const mysqlNames = ['MySQL', 'MariaDB'] as const satisfies readonly MysqlName[];

/** Nothing in such a server has to outlive the tests, so it never waits for the disk. */
export const mysqlSettings = { innodb_flush_log_at_trx_commit: '0', innodb_doublewrite: 'OFF' };

export interface MysqlOnDemand {
  /** Where `GET /MySQL` and `GET /MariaDB` are answered with the address of the server's database `mysql`. */
  readonly url: string;
  /** Kills the servers: their data is thrown away. */
  close(): Promise<void>;
}

/**
 * The MySQL and the MariaDB that all test files share. Each is started when the first file asks for it, since most runs
 * of a few files need neither.
 *
 * @param folder takes the servers' data; the caller removes it
 */
export async function mysqlOnDemand(
  folder: string,
  keeper: Keeper,
  log: (line: string) => void,
): Promise<MysqlOnDemand> {
  const started = new Map<MysqlName, Promise<MysqlServer>>();
  const serverOf = (name: MysqlName): Promise<MysqlServer> => {
    const start = (): Promise<MysqlServer> =>
      starts[name]({ dataDir: path.join(folder, name), keeper, settings: mysqlSettings, log });
    const server = started.get(name) ?? start();
    started.set(name, server);
    return server;
  };
  const desk = createServer((request, response) => {
    const name = mysqlNames.find((known) => request.url === `/${known}`);
    if (name === undefined) {
      response.writeHead(404).end();
      return;
    }
    serverOf(name).then(
      (server) => response.end(server.url('mysql')),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(desk.address() as AddressInfo).port}`,
    close: async () => {
      desk.close();
      for (const server of await Promise.allSettled(started.values()))
        if (server.status === 'fulfilled') server.value.kill();
    },
  };
}
