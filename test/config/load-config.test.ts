import path from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { leastEnvironment } from './example.js';

function refusal(extra: Record<string, string | undefined>): ConfigError {
  try {
    loadConfig({ ...leastEnvironment, ...extra });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(extra)} was accepted`);
}

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

describe('with only the databases set', () => {
  const config = loadConfig(leastEnvironment);

  test('everything else has a default', () => {
    expect(config).toMatchObject({
      environment: 'production',
      backup: undefined,
      plans: [],
      database: { poolSize: 10, idleTimeoutMs: 30_000, connectionTimeoutMs: 10_000 },
      limits: {
        batchSize: 20_000,
        chunkBytes: 4_194_304,
        memoryBytes: undefined,
        timeoutMs: 300_000,
        maxRetries: 3,
        parallel: 3,
      },
      courtesy: { maxReplicationLagMs: 30_000, maxConnectionShare: 0.9, maxActiveSessions: 25 },
      reading: { sourceTimeZone: 'UTC', defaultCountry: undefined, exchangeRates: undefined },
      monitoring: {
        realTime: true,
        logLevel: 'info',
        progressIntervalMs: 5_000,
        healthCheckIntervalMs: 30_000,
        reportDir: '/tmp',
      },
      temporal: { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'migration' },
    });
    expect(config.reading.ignoredTaxIds).toEqual(['N/A', 'NA', 'NONE', '-', '0']);
  });

  test('nothing in it can be changed', () => {
    expect(isDeeplyFrozen(config)).toBe(true);
  });

  test('no way of printing it shows a password', () => {
    for (const printed of [
      JSON.stringify(config),
      inspect(config, { depth: null, showHidden: true }),
      config.target.toString(),
    ]) {
      expect(printed).not.toContain('geheim');
      expect(printed).toContain('postgres://writer:***@new.example.com:5432/nxt?sslmode=verify-full');
    }
    expect(Object.keys(config.target)).not.toContain('password');
    expect(config.target.credentials().password).toBe('geheim2');
    expect(config.target.reveal()).toBe(leastEnvironment['DATABASE_URL']);
  });
});

test.each<[string, string, (config: Config) => unknown, unknown]>([
  ['MIGRATION_MAX_REPLICATION_LAG', '5m', ({ courtesy }) => courtesy.maxReplicationLagMs, 300_000],
  ['MIGRATION_MAX_REPLICATION_LAG', 'off', ({ courtesy }) => courtesy.maxReplicationLagMs, undefined],
  ['MIGRATION_MAX_CONNECTION_SHARE', '0.75', ({ courtesy }) => courtesy.maxConnectionShare, 0.75],
  ['MIGRATION_MAX_CONNECTION_SHARE', 'Off', ({ courtesy }) => courtesy.maxConnectionShare, undefined],
  ['MIGRATION_MAX_ACTIVE_SESSIONS', '4', ({ courtesy }) => courtesy.maxActiveSessions, 4],
  [
    'MIGRATION_PLANS',
    'plans/shop.js, /opt/plans/yard.js ,,plans/shop.js',
    (config) => config.plans,
    [path.resolve('plans/shop.js'), '/opt/plans/yard.js'],
  ],
  ['MIGRATION_BATCH_SIZE', '1000', (config) => config.limits.batchSize, 1_000],
  ['MIGRATION_CHUNK_BYTES', '65536', (config) => config.limits.chunkBytes, 65_536],
  ['MIGRATION_MEMORY_LIMIT', '64', (config) => config.limits.memoryBytes, 67_108_864],
  ['MIGRATION_TIMEOUT', '60000', (config) => config.limits.timeoutMs, 60_000],
  ['MIGRATION_MAX_RETRIES', '0', (config) => config.limits.maxRetries, 0],
  ['MIGRATION_PARALLEL_ENABLED', 'FALSE', (config) => config.limits.parallel, 1],
  ['MIGRATION_PARALLEL_MAX_CONCURRENT', '9', (config) => config.limits.parallel, 9],
  ['ENABLE_REAL_TIME_MONITORING', 'false', (config) => config.monitoring.realTime, false],
  ['MIGRATION_LOG_LEVEL', 'WARN', (config) => config.monitoring.logLevel, 'warn'],
  ['MIGRATION_PROGRESS_INTERVAL', '100', (config) => config.monitoring.progressIntervalMs, 100],
  ['MIGRATION_HEALTH_CHECK_INTERVAL', '1000', (config) => config.monitoring.healthCheckIntervalMs, 1_000],
  ['MIGRATION_REPORT_DIR', '/var/reports', (config) => config.monitoring.reportDir, '/var/reports'],
  ['DATABASE_POOL_SIZE', '4', (config) => config.database.poolSize, 4],
  ['DATABASE_IDLE_TIMEOUT', '1000', (config) => config.database.idleTimeoutMs, 1_000],
  ['DATABASE_CONNECTION_TIMEOUT', '2000', (config) => config.database.connectionTimeoutMs, 2_000],
  ['MIGRATION_SOURCE_TIME_ZONE', 'Europe/Berlin', (config) => config.reading.sourceTimeZone, 'Europe/Berlin'],
  ['MIGRATION_DEFAULT_COUNTRY', 'de', (config) => config.reading.defaultCountry, 'DE'],
  [
    'MIGRATION_IGNORED_TAX_IDS',
    'keine, n/a ,,KEINE',
    (config) => config.reading.ignoredTaxIds,
    ['KEINE', 'N/A'],
  ],
  ['MIGRATION_ENCRYPTION_ENABLED', 'false', (config) => config.environment, 'production'],
  ['MIGRATION_AUDIT_LOGGING', 'false', (config) => config.environment, 'production'],
  ['NODE_ENV', 'test', (config) => config.environment, 'test'],
  ['TEMPORAL_ADDRESS', 'temporal:7233', (config) => config.temporal.address, 'temporal:7233'],
  ['TEMPORAL_NAMESPACE', 'shop', (config) => config.temporal.namespace, 'shop'],
  ['TEMPORAL_TASK_QUEUE', 'night', (config) => config.temporal.taskQueue, 'night'],
  ['MIGRATION_BATCH_SIZE', '  ', (config) => config.limits.batchSize, 20_000],
])('%s=%s is taken over', (name, value, read, expected) => {
  expect(read(loadConfig({ ...leastEnvironment, [name]: value }))).toEqual(expected);
});

describe('a value that cannot be is refused with the variable, the value and what is allowed', () => {
  test.each(['1e3', '-1', '1.5', '0x10', '10k', 'NaN', 'Infinity', '0', '1000001', '99999999999999999999'])(
    'MIGRATION_BATCH_SIZE=%s',
    (value) => {
      expect(refusal({ MIGRATION_BATCH_SIZE: value }).problems).toEqual([
        `MIGRATION_BATCH_SIZE is "${value}": it must be a whole number from 1 to 1000000 in plain digits.`,
      ]);
    },
  );

  test.each([
    ['ENABLE_REAL_TIME_MONITORING', 'yes', 'true or false'],
    ['NODE_ENV', 'prod', 'production, staging, development, test'],
    ['MIGRATION_LOG_LEVEL', 'verbose', 'trace, debug, info, warn, error, fatal'],
    ['MIGRATION_SOURCE_TIME_ZONE', 'Berlin', 'IANA time zone name'],
    ['MIGRATION_SOURCE_TIME_ZONE', '+01:00', 'IANA time zone name'],
    ['MIGRATION_DEFAULT_COUNTRY', 'Germany', 'two letters'],
    ['MIGRATION_DEFAULT_COUNTRY', 'UK', 'two letters'],
    ['MIGRATION_MAX_REPLICATION_LAG', '30', 'a duration like 30s, 5m or 1h, or off'],
    ['MIGRATION_MAX_CONNECTION_SHARE', '1.5', 'a share from 0.1 to 0.99, like 0.9, or off'],
    ['MIGRATION_MAX_ACTIVE_SESSIONS', '0', 'a whole number from 1 to 100000 in plain digits, or off'],
    ['TEMPORAL_ADDRESS', 'localhost', 'host:port'],
    ['TEMPORAL_ADDRESS', 'localhost:70000', 'host:port'],
    ['TEMPORAL_NAMESPACE', 'two words', 'without blanks'],
    ['DATABASE_POOL_SIZE', '3', 'more than MIGRATION_PARALLEL_MAX_CONCURRENT (3)'],
    ['MIGRATION_ENCRYPTION_ENABLED', 'true', 'comes in a later version; set it to false'],
    ['MIGRATION_AUDIT_LOGGING', 'true', 'comes in a later version; set it to false'],
  ])('%s=%s', (name, value, allowed) => {
    const { problems } = refusal({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} is "`));
    expect(problems[0]).toContain(`"${value}"`);
    expect(problems[0]).toContain(allowed);
  });

  test('a misspelt variable is not ignored', () => {
    expect(refusal({ MIGRATION_BATCHSIZE: '5' }).problems).toEqual([
      'MIGRATION_BATCHSIZE is not a variable of this program; .env.example has those that are.',
    ]);
  });
});

test('all problems show at once, those between variables too', () => {
  const { problems } = refusal({
    SOURCE_DATABASE_URL: undefined,
    BACKUP_DATABASE_URL: leastEnvironment['DATABASE_URL'],
    MIGRATION_TIMEOUT: 'soon',
    NODE_ENV: 'prod',
    MIGRATION_TIMOUT: '5',
  });
  expect(new Set(problems.map((problem) => problem.split(' ')[0]))).toEqual(
    new Set([
      'BACKUP_DATABASE_URL',
      'MIGRATION_TIMEOUT',
      'MIGRATION_TIMOUT',
      'NODE_ENV',
      'SOURCE_DATABASE_URL',
    ]),
  );
  expect(problems).toHaveLength(5);
  expect(problems).toContainEqual(
    expect.stringMatching(/^SOURCE_DATABASE_URL is not set: it must be the legacy database/),
  );
});

test('the user sees sentences and exit code 2, never a stack trace', () => {
  const error = refusal({ MIGRATION_TIMEOUT: 'soon' });
  expect(error.exitCode).toBe(2);
  for (const printed of [error.message, inspect(error), String(error.stack)]) {
    expect(printed).toContain('MIGRATION_TIMEOUT is "soon"');
    expect(printed).not.toMatch(/^\s+at /m);
  }
});

test('a database URL in the wrong variable does not show its password', () => {
  const { message } = refusal({ MIGRATION_BATCH_SIZE: 'postgres://writer:geheim@db.example.com/nxt' });
  expect(message).not.toContain('geheim');
  expect(message).toContain('"postgres://***@db.example.com/nxt"');
});
