import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { judgeConnections, refuseOneDatabaseTwice } from '../../src/prepare/connections.js';
import { lookAtPostgres } from '../../src/prepare/postgres.js';
import { lookAtSource, sourceBytes } from '../../src/prepare/source.js';
import { poolConfigOf } from '../../src/config/pool-config.js';
import { withDatabase } from '../helpers/databases.js';
import {
  mysqlNames,
  queryMysql,
  sharedMysqlServer,
  type SharedMysqlServer,
} from '../helpers/mysql-servers.js';

function configWith(source: string, target = 'postgres://u:p@127.0.0.1:1/target') {
  return loadConfig({
    SOURCE_DATABASE_URL: source,
    DATABASE_URL: target,
    DATABASE_CONNECTION_TIMEOUT: '5000',
    TEMPORAL_ADDRESS: '127.0.0.1:7233',
  });
}

describe.each(mysqlNames)('%s as a source', (name) => {
  let server: SharedMysqlServer;
  beforeAll(async () => {
    server = await sharedMysqlServer(name);
  }, 300_000);

  it('is looked at: product, version, latency, and who it is by any address', async () => {
    const { url } = await server.createDatabase();
    const found = await lookAtSource(configWith(url));
    expect(found).toMatchObject({ server: 'source', product: name });
    expect(found.version).toBeGreaterThan(name === 'MySQL' ? 80_000 : 100_500);
    expect(found.versionText).toMatch(/^\d+\.\d+\.\d+/);
    expect(found.latencyMs).toBeGreaterThan(0);
    const again = await lookAtSource(configWith(url.replace('127.0.0.1', 'localhost')));
    expect(again.identity).toBe(found.identity);
    const { url: other } = await server.createDatabase();
    expect((await lookAtSource(configWith(other))).identity).not.toBe(found.identity);
  });

  it('goes together with a PostgreSQL target, and one that is too old is told so', async () => {
    const { url } = await server.createDatabase();
    await withDatabase(async (targetUrl) => {
      const config = configWith(url, targetUrl);
      const source = await lookAtSource(config);
      const target = await lookAtPostgres('target', poolConfigOf(config.target, config));
      refuseOneDatabaseTwice(source, target, undefined);
      expect(judgeConnections(source, target, undefined).problems).toEqual([]);
      const old = { ...source, version: 50_744, versionText: '5.7.44' };
      expect(judgeConnections(old, target, undefined).problems).toEqual([
        `the source is ${name} 5.7.44; ${name === 'MySQL' ? '8.0' : '10.5'} is the oldest that is read`,
      ]);
    });
  });

  it('says in one line without secrets why it cannot be connected to', async () => {
    const { url } = await server.createDatabase();
    const wrongPassword = new URL(url);
    wrongPassword.password = 'letmein';
    await expect(lookAtSource(configWith(wrongPassword.href))).rejects.toMatchObject({
      code: 'ERR_001',
      transient: false,
      message: expect.stringMatching(/^The source database refused the user or the password \([^\n]*\)\.$/),
    });
    await expect(lookAtSource(configWith(wrongPassword.href))).rejects.not.toThrow('letmein');

    await expect(lookAtSource(configWith(server.url('nowhere')))).rejects.toMatchObject({
      code: 'ERR_001',
      transient: false,
      message: expect.stringMatching(
        /^The source database does not have this database\b[^\n]*'nowhere'[^\n]*\.$/,
      ),
    });

    const closed = new URL(url);
    closed.port = '1';
    await expect(lookAtSource(configWith(closed.href))).rejects.toMatchObject({
      code: 'ERR_001',
      transient: true,
      message: 'The connection to the source database failed (ECONNREFUSED).',
    });
  });

  it('tells the size of the legacy tables, also right after they have grown', async () => {
    const { url, name: database } = await server.createDatabase();
    expect(await sourceBytes(configWith(url), ['legacy_products'])).toBe(0);
    await seedLegacy({ url, rows: 20_000 });
    const products = await sourceBytes(configWith(url), ['legacy_products']);
    const all = await sourceBytes(configWith(url), [
      'legacy_products',
      `${database}.legacy_inventory`,
      'none',
    ]);
    expect(products).toBeGreaterThan(3700 * 200);
    expect(all).toBeGreaterThan(products);
    await queryMysql(
      url,
      'insert into legacy_inventory (id, bin_note) select id + 10000000, repeat("x", 1000) from legacy_inventory where id between 1 and 1000000',
    );
    await queryMysql(url, 'analyze table legacy_inventory');
    expect(await sourceBytes(configWith(url), ['legacy_inventory'])).toBeGreaterThan(
      all - products + 2_000_000,
    );
  });
});
