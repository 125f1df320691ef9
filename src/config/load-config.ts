import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import type { Environment } from './env-file.js';
import { hideSecrets } from './hide-secrets.js';
import { variableNames, variables, type Variables } from './variables.js';

const mebibyte = 1_048_576;

/**
 * Turns the environment into the configuration, or throws a `ConfigError` with every problem at once. An
 * empty value counts as not set. A MIGRATION_ variable that does not exist is a problem too: misspelt, it
 * would otherwise be ignored without a word.
 *
 *     const config = loadConfig(readEnvFile('.env', process.env));
 */
export function loadConfig(environment: Environment): Config {
  const given = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => {
      const text = value?.trim() ?? '';
      return text === '' ? [] : [[name, text] as const];
    }),
  );
  const misspelt = Object.keys(given)
    .filter((name) => name.startsWith('MIGRATION_') && !variableNames.includes(name))
    .map((name) => `${name} is not a variable of this program; .env.example has those that are.`);

  const { data, error } = variables.safeParse(given);
  const wrong = (error?.issues ?? []).map((issue) => {
    const name = String(issue.path[0]);
    const value = given[name];
    return `${name} is ${value === undefined ? 'not set' : `"${hideSecrets(value)}"`}: ${issue.message}.`;
  });
  if (data === undefined || misspelt.length > 0) throw new ConfigError([...wrong, ...misspelt]);
  return deepFreeze(configOf(data));
}

function configOf(values: Variables): Config {
  return {
    environment: values.NODE_ENV,
    source: values.SOURCE_DATABASE_URL,
    target: values.DATABASE_URL,
    backup: values.BACKUP_DATABASE_URL,
    plans: values.MIGRATION_PLANS,
    database: {
      poolSize: values.DATABASE_POOL_SIZE,
      idleTimeoutMs: values.DATABASE_IDLE_TIMEOUT,
      connectionTimeoutMs: values.DATABASE_CONNECTION_TIMEOUT,
    },
    limits: {
      batchSize: values.MIGRATION_BATCH_SIZE,
      chunkBytes: values.MIGRATION_CHUNK_BYTES,
      rangeRows: values.MIGRATION_RANGE_ROWS,
      indexes: values.MIGRATION_INDEX_CREATION,
      memoryBytes: values.MIGRATION_MEMORY_LIMIT && values.MIGRATION_MEMORY_LIMIT * mebibyte,
      timeoutMs: values.MIGRATION_TIMEOUT,
      maxRetries: values.MIGRATION_MAX_RETRIES,
      parallel: values.MIGRATION_PARALLEL_ENABLED ? values.MIGRATION_PARALLEL_MAX_CONCURRENT : 1,
    },
    courtesy: {
      maxReplicationLagMs: values.MIGRATION_MAX_REPLICATION_LAG,
      maxConnectionShare: values.MIGRATION_MAX_CONNECTION_SHARE,
      maxActiveSessions: values.MIGRATION_MAX_ACTIVE_SESSIONS,
    },
    reading: {
      sourceTimeZone: values.MIGRATION_SOURCE_TIME_ZONE,
      defaultCountry: values.MIGRATION_DEFAULT_COUNTRY,
      ignoredTaxIds: values.MIGRATION_IGNORED_TAX_IDS,
      exchangeRates: values.MIGRATION_EXCHANGE_RATES,
    },
    monitoring: {
      realTime: values.ENABLE_REAL_TIME_MONITORING,
      logLevel: values.MIGRATION_LOG_LEVEL,
      progressIntervalMs: values.MIGRATION_PROGRESS_INTERVAL,
      healthCheckIntervalMs: values.MIGRATION_HEALTH_CHECK_INTERVAL,
      reportDir: values.MIGRATION_REPORT_DIR,
    },
    temporal: {
      address: values.TEMPORAL_ADDRESS,
      namespace: values.TEMPORAL_NAMESPACE,
      taskQueue: values.TEMPORAL_TASK_QUEUE,
      deploymentName: values.TEMPORAL_DEPLOYMENT_NAME,
      buildId: values.TEMPORAL_WORKER_BUILD_ID,
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
