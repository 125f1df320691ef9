import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { FindOptions } from '../../src/servers/find-database-server.js';
import { createKeeper, type Keeper } from '../../src/servers/keeper.js';
import type { MysqlOptions, MysqlServer } from '../../src/servers/mysql-server.js';
import { compileServers, nodeArguments } from './compiled-servers.js';
import { isRunning } from './processes.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;

export interface Product {
  name: 'MySQL' | 'MariaDB';
  find: (options: FindOptions) => Promise<unknown>;
  start: (options: MysqlOptions) => Promise<MysqlServer>;
  /** Where `start` is, and its name there. */
  module: string;
  exported: string;
  /** What the server says its version is. */
  version: RegExp;
}

function keeperForTest(): Keeper {
  const keeper = createKeeper();
  onTestFinished(() => keeper.close());
  return keeper;
}

/** Runs one statement on a connection of its own. */
async function query(uri: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  } finally {
    await connection.end();
  }
}

/** This machine's addresses beside 127.0.0.1. */
function otherAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.map(({ address }) => address).filter((address) => address !== '127.0.0.1');
}

async function connectTo(host: string, port: number): Promise<void> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/** MySQL and MariaDB promise the same: each has a test file that runs these. */
export function testProduct({ name, find, start, module, exported, version }: Product): void {
  // A download takes as long as the network needs; the tests' own time limits are for the server.
  beforeAll(() => find({ log: (line) => console.error(line) }), 300_000);

  test(`${name}: data is made, kept over a stop and over a crash, and behind a password`, async () => {
    const dataDir = path.join(await temporaryFolder(), 'deep', 'data');
    const keeper = keeperForTest();

    const first = await start({ dataDir, keeper, settings: { max_connections: '37' } });
    const system = first.url('mysql');
    expect(
      await query(
        system,
        'select @@max_connections as max, @@log_bin as log, @@performance_schema as performance',
      ),
    ).toEqual([{ max: 37, log: 0, performance: 0 }]);
    const [found] = await query(system, 'select version() as version, @@time_zone as zone');
    expect(found).toMatchObject({ version: expect.stringMatching(version), zone: '+00:00' });
    await query(system, 'create database `Legacy "shop"`');
    const url = first.url('Legacy "shop"');
    await query(url, 'create table kept (id int primary key) engine = innodb');
    await query(url, 'create table old (id int primary key) engine = myisam');
    await query(url, 'insert into kept values (1)');
    await query(url, 'insert into old values (1)');
    await first.stop();
    expect(await isRunning(first.pid)).toBe(false);
    await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED');

    const second = await start({ dataDir, keeper, port: first.port });
    expect(await query(url, 'select kept.id as a, old.id as b from kept, old')).toEqual([{ a: 1, b: 1 }]);
    await query(url, 'insert into kept values (2)');
    second.kill();

    const third = await start({ dataDir, keeper, port: first.port });
    expect(await query(url, 'select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    await expect(start({ dataDir, keeper })).rejects.toThrow(
      `A ${name} (process ${third.pid}) is running on`,
    );
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  }, 90_000);

  test(`${name}: only the superuser with the password gets in, only from this machine, and the password is nowhere to be seen`, async () => {
    const dataDir = path.join(await temporaryFolder(), 'data');
    const server = await start({ dataDir, keeper: keeperForTest() });
    const { username, password } = new URL(server.url('mysql'));
    expect(password).toMatch(/^[0-9a-f]{48}$/);

    const logins = [
      { name: username, password: 'wrong' },
      { name: username, password: '' },
      { name: '', password: '' },
      { name: 'mariadb.sys', password: '' },
      { name: 'mysql.sys', password: '' },
    ];
    for (const login of logins)
      await expect(query(server.url('mysql', login), 'select 1'), login.name).rejects.toThrow(
        /Access denied|is locked/,
      );
    const accounts = await query(
      server.url('mysql'),
      `select user as name, host as host from mysql.user where user not like 'mysql.%' and user <> 'mariadb.sys'`,
    );
    expect(accounts).toEqual([{ name: 'root', host: 'localhost' }]);

    await query(server.url('mysql'), `create user clerk identified by 'p/w@1'`);
    expect(
      await query(server.url('', { name: 'clerk', password: 'p/w@1' }), 'select current_user() as me'),
    ).toEqual([{ me: 'clerk@%' }]);

    for (const address of ['::1', ...otherAddresses()])
      await expect(connectTo(address, server.port), address).rejects.toThrow(
        /ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EINVAL/,
      );
    expect(await query(server.url('mysql'), 'select @@socket as socket')).toEqual([{ socket: '' }]);
    expect(
      await query(
        server.url('mysql'),
        `select plugin_name from information_schema.plugins where plugin_name = 'mysqlx' and plugin_status = 'ACTIVE'`,
      ),
    ).toEqual([]);

    const { stdout: commandLine } = await run('ps', ['-ww', '-o', 'args=', '-p', String(server.pid)]);
    expect(commandLine).toContain(dataDir);
    expect(commandLine).not.toContain(password);
    expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain(password);
    const files = (await readdir(dataDir)).filter((file) => file.startsWith('nxt-migrate.'));
    expect(files).toHaveLength(1);
    expect((await stat(path.join(dataDir, String(files[0])))).mode & 0o777).toBe(0o600);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  }, 60_000);

  test(`${name}: a setting overrides ours: the binary log can be had, without our password in it`, async () => {
    const dataDir = path.join(await temporaryFolder(), 'data');
    const settings = {
      log_bin: 'changes',
      server_id: '7',
      binlog_format: 'ROW',
      lower_case_table_names: '1',
    };
    const server = await start({ dataDir, keeper: keeperForTest(), settings });
    const [found] = await query(
      server.url('mysql'),
      'select @@log_bin as log, @@lower_case_table_names as lower_case',
    );
    expect(found).toEqual({ log: 1, lower_case: 1 });
    const logs = (await readdir(dataDir)).filter((file) => /^changes\.\d+$/.test(file));
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs)
      expect((await readFile(path.join(dataDir, log), 'latin1')).toLowerCase()).not.toContain('alter user');
  }, 60_000);

  test(`${name}: when the process that started it is killed, it ends in order and can be started again`, async () => {
    const folder = await temporaryFolder();
    const dataDir = path.join(folder, 'data');
    const moduleUrl = await compileServers(path.join(folder, 'compiled'));
    const script = `
      import { createKeeper } from ${JSON.stringify(moduleUrl('keeper'))};
      import { ${exported} } from ${JSON.stringify(moduleUrl(module))};
      const server = await ${exported}({ dataDir: ${JSON.stringify(dataDir)}, keeper: createKeeper() });
      console.log(server.pid);
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, nodeArguments(script), { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line]: unknown[] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    expect(await isRunning(pid)).toBe(true);

    parent.kill('SIGKILL');
    await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), 20_000);
    expect(await readFile(`${dataDir}.log`, 'utf8')).toContain('Shutdown complete');

    const again = await start({ dataDir, keeper: keeperForTest() });
    expect(await query(again.url('mysql'), 'select 1 as one')).toEqual([{ one: 1 }]);
  }, 90_000);

  test(`${name}: a folder that is not ours to use is refused with a sentence and left as it is`, async () => {
    const folder = await temporaryFolder();
    const keeper = keeperForTest();
    const foreign = path.join(folder, 'foreign');
    await mkdir(foreign);
    await writeFile(path.join(foreign, 'letter.txt'), 'dear');
    await expect(start({ dataDir: foreign, keeper })).rejects.toThrow(`holds no ${name} data`);
    expect(await readdir(foreign)).toEqual(['letter.txt']);

    const keyless = path.join(folder, 'keyless');
    await mkdir(keyless);
    await writeFile(path.join(keyless, 'ibdata1'), '');
    await expect(start({ dataDir: keyless, keeper })).rejects.toThrow(
      `holds ${name} data that this tool did not make`,
    );

    const other = name === 'MySQL' ? 'MariaDB' : 'MySQL';
    const others = path.join(folder, 'others');
    await mkdir(others);
    await writeFile(path.join(others, `nxt-migrate.${other.toLowerCase()}.sql`), '');
    await expect(start({ dataDir: others, keeper })).rejects.toThrow(
      `was made by ${other}, and this is ${name}`,
    );
  });

  test(`${name}: a server that does not start says why, in its own words, and leaves no half-made data`, async () => {
    const folder = await temporaryFolder();
    const dataDir = path.join(folder, 'data');
    const settings = { no_such_setting: '1' };
    await expect(start({ dataDir, keeper: keeperForTest(), settings })).rejects.toThrow(
      /could not make [^]*unknown variable '(no_such_setting=1)'/,
    );
    expect(await readdir(folder)).not.toContain('data');

    const keeper = keeperForTest();
    await (await start({ dataDir, keeper })).stop();
    await expect(start({ dataDir, keeper, settings })).rejects.toThrow(
      /ended while starting \(exit code \d+\)[^]*unknown variable 'no_such_setting=1'/,
    );
  }, 60_000);

  test.runIf(asRoot)(
    `${name}: root gets a server under another account, with no more of root's rights than to pass closed folders, and leaves an ordinary user’s data folder that user’s`,
    async () => {
      const dataDir = path.join(await temporaryFolder(), 'data');
      const keeper = keeperForTest();
      const first = await start({ dataDir, keeper });
      expect((await stat(dataDir)).uid).not.toBe(0);
      const status = await readFile(`/proc/${first.pid}/status`, 'utf8');
      expect(status).not.toMatch(/^Uid:.*\b0\b/m);
      // CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH.
      expect(status).toMatch(/^CapEff:\s*0{15}[24]$/m);
      await first.stop();

      for (const file of await readdir(dataDir, { recursive: true }))
        await chown(path.join(dataDir, file), 54_321, 54_321);
      await chown(dataDir, 54_321, 54_321);
      const second = await start({ dataDir, keeper });
      const { stdout } = await run('ps', ['-o', 'uid=', '-p', String(second.pid)]);
      expect(stdout.trim()).toBe('54321');
    },
    60_000,
  );
}
