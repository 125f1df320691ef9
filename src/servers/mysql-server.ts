import path from 'node:path';
import type { DatabaseProgram, FindOptions } from './find-database-server.js';
import { onFreePorts } from './free-port.js';
import type { Keeper } from './keeper.js';
import {
  canonicalDataDir,
  dataDirArgument,
  type DataMaker,
  prepareMysqlData,
  SUPERUSER,
} from './mysql-data.js';
import { mysqlGreets } from './mysql-greeting.js';
import { launchAs } from './server-launch.js';
import { startServerProcess } from './server-process.js';
import { serverUserFor } from './server-user.js';

export interface MysqlOptions {
  /** The folder of the data; made if missing, gone on with if it holds this server's data. */
  dataDir: string;
  /** A free port unless told. */
  port?: number;
  keeper: Keeper;
  /** Takes what the server prints; `<dataDir>.log` unless told. */
  logFile?: string;
  /** Server settings by name, as in my.cnf, e.g. `{ max_connections: '200' }`; they override our defaults. */
  settings?: Readonly<Record<string, string>>;
  /** Told when the server has to be downloaded first. */
  log?: (line: string) => void;
}

export interface MysqlLogin {
  name: string;
  password: string;
}

export interface MysqlServer {
  port: number;
  pid: number;
  /**
   * A connection string for the database, with a password in it: not for logs. As superuser unless told; another
   * account has to be created first.
   */
  url(database: string, login?: MysqlLogin): string;
  /** Ends connections, writes everything down, and resolves when the server is gone. */
  stop(): Promise<void>;
  /** SIGKILL, without waiting: for tests of what a crash does. */
  kill(): void;
}

/** MySQL and MariaDB are started alike; this is where they differ. */
export interface MysqlProduct extends DataMaker {
  find(options: FindOptions): Promise<DatabaseProgram>;
  /** Arguments that the program needs wherever it lies. */
  locations(program: DatabaseProgram): Promise<readonly string[]>;
  /** What `settings` are added to: small, and without what a test or a demo does not use. */
  defaults: Readonly<Record<string, string>>;
  /** Arguments that hold in any case. */
  always: readonly string[];
}

const HOST = '127.0.0.1';

/** What `startMysql` and `startMariadb` have in common. */
export async function startMysqlProduct(product: MysqlProduct, options: MysqlOptions): Promise<MysqlServer> {
  const dataDir = await canonicalDataDir(options.dataDir);
  const program = await product.find({ log: options.log });
  const user = await serverUserFor(dataDir);
  const settings = [
    ...(await product.locations(program)),
    // A setting of this name turns the binary log on again: the last one counts.
    '--skip-log-bin',
    ...Object.entries({ ...product.defaults, ...options.settings }).map(
      ([name, value]) => `--${name}=${value}`,
    ),
    ...product.always,
  ];
  const { password, initFile } = await prepareMysqlData(dataDir, product, program, settings, user);

  return onFreePorts([options.port], async ([chosen]) => {
    const port = Number(chosen);
    // prettier-ignore
    const args = [
      '--no-defaults', ...settings, dataDirArgument(dataDir), `--init-file=${initFile}`,
      `--bind-address=${HOST}`, `--port=${port}`, '--socket=', `--pid-file=${path.join(dataDir, 'server.pid')}`,
    ];
    const launch = await launchAs(user, program.file, args, [dataDir]);
    const server = await startServerProcess({
      ...launch,
      name: product.name,
      env: program.env,
      cwd: dataDir,
      stopSignal: 'SIGTERM',
      logFile: options.logFile ?? `${dataDir}.log`,
      keeper: options.keeper,
      probe: () => mysqlGreets(port),
      patienceMs: 120_000,
    });

    function url(database: string, login: MysqlLogin = { name: SUPERUSER, password }): string {
      const [name, secret] = [encodeURIComponent(login.name), encodeURIComponent(login.password)];
      return `mysql://${name}:${secret}@${HOST}:${port}/${encodeURIComponent(database)}`;
    }
    return { port, pid: server.pid, url, stop: () => server.stop(), kill: () => server.kill() };
  });
}
