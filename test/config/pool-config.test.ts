import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { poolConfigOf } from '../../src/config/pool-config.js';
import { leastEnvironment } from './example.js';

let folder: string;
let caFile: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nxt-migrate-'));
  caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, 'a certificate');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function poolConfigFor(parameters: string, extra: Record<string, string> = {}) {
  const url = `postgres://writer:p%40ss@db.example.com:6543/nxt?${parameters}`;
  const config = loadConfig({ ...leastEnvironment, DATABASE_URL: url, ...extra });
  return poolConfigOf(config.target, config);
}

test('pg gets the place, the credentials, our name and the limits', () => {
  const given = poolConfigFor('options=-c%20geqo%3Doff', {
    DATABASE_POOL_SIZE: '7',
    DATABASE_IDLE_TIMEOUT: '1500',
    DATABASE_CONNECTION_TIMEOUT: '2500',
    MIGRATION_TIMEOUT: '3500',
  });
  expect(given).toMatchObject({
    host: 'db.example.com',
    port: 6543,
    database: 'nxt',
    user: 'writer',
    password: 'p@ss',
    options: '-c geqo=off',
    application_name: 'nxt-migrate',
    max: 7,
    idleTimeoutMillis: 1_500,
    connectionTimeoutMillis: 2_500,
    statement_timeout: 3_500,
    keepAlive: true,
  });
  expect(new Client(given)).toMatchObject({
    host: 'db.example.com',
    port: 6543,
    user: 'writer',
    password: 'p@ss',
  });
});

test('a stream may run without a limit, on a pool of its own size', () => {
  const config = loadConfig(leastEnvironment);
  expect(poolConfigOf(config.source, config, { max: 2, statementTimeoutMs: 0 })).toMatchObject({
    max: 2,
    statement_timeout: 0,
  });
});

describe('sslmode means what it means to libpq', () => {
  test('disable: no encryption, whatever PGSSLMODE says', () => {
    expect(poolConfigFor('sslmode=disable').ssl).toBe(false);
  });

  test('require: encrypted, without checking who answers', () => {
    expect(poolConfigFor('sslmode=require').ssl).toEqual({ rejectUnauthorized: false });
  });

  test.each(['require', 'verify-ca'])('%s with a CA: the CA is checked, the name is not', (mode) => {
    const { ssl } = poolConfigFor(`sslmode=${mode}&sslrootcert=${encodeURIComponent(caFile)}`);
    expect(ssl).toEqual({
      ca: 'a certificate',
      rejectUnauthorized: true,
      checkServerIdentity: expect.any(Function),
    });
  });

  test.each(['', '&sslrootcert=system'])('verify-full%s: CA and name are checked', (roots) => {
    expect(poolConfigFor(`sslmode=verify-full${roots}`).ssl).toEqual({ rejectUnauthorized: true });
  });

  test('a client certificate comes along with its key', () => {
    const file = encodeURIComponent(caFile);
    expect(poolConfigFor(`sslmode=require&sslcert=${file}&sslkey=${file}`).ssl).toMatchObject({
      cert: 'a certificate',
      key: 'a certificate',
    });
  });
});
