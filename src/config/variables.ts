import { z } from 'zod';
import { DatabaseUrl } from './database-url.js';
import { exchangeRates } from './exchange-rates.js';
import {
  country,
  databaseUrl,
  filePaths,
  folder,
  duration,
  hostAndPort,
  notYet,
  offOr,
  oneOf,
  plainName,
  share,
  timeZone,
  upperCaseList,
  wholeNumber,
  yesOrNo,
} from './fields.js';
import { directHost, isSameDatabase } from './same-database.js';

const day = 86_400_000;
const hour = 3_600_000;
const mebibyte = 1_048_576;

/** Every variable that there is: its kind, its limits and what holds when it is not set. */
const fields = {
  SOURCE_DATABASE_URL: databaseUrl('the legacy database, which is read'),
  DATABASE_URL: databaseUrl('the new database, which is written'),
  BACKUP_DATABASE_URL: databaseUrl('the database that backups go to').optional(),

  NODE_ENV: oneOf(['production', 'staging', 'development', 'test']).default('production'),

  MIGRATION_PLANS: filePaths().prefault(''),

  MIGRATION_BATCH_SIZE: wholeNumber(1, 1_000_000).default(20_000),
  MIGRATION_CHUNK_BYTES: wholeNumber(65_536, 64 * mebibyte).default(4 * mebibyte),
  MIGRATION_RANGE_ROWS: wholeNumber(1, 1_000_000_000).default(250_000),
  MIGRATION_INDEX_CREATION: oneOf(['after_migration', 'during_migration']).default('after_migration'),
  MIGRATION_MEMORY_LIMIT: wholeNumber(64, 1_048_576).optional(),
  MIGRATION_TIMEOUT: wholeNumber(1_000, day).default(300_000),
  MIGRATION_MAX_RETRIES: wholeNumber(0, 100).default(3),
  MIGRATION_PARALLEL_ENABLED: yesOrNo().default(true),
  MIGRATION_PARALLEL_MAX_CONCURRENT: wholeNumber(1, 64).default(3),

  MIGRATION_MAX_REPLICATION_LAG: offOr(duration()).prefault('30s'),
  MIGRATION_MAX_CONNECTION_SHARE: offOr(share()).prefault('0.9'),
  MIGRATION_MAX_ACTIVE_SESSIONS: offOr(wholeNumber(1, 100_000)).prefault('25'),

  ENABLE_REAL_TIME_MONITORING: yesOrNo().default(true),
  MIGRATION_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  MIGRATION_PROGRESS_INTERVAL: wholeNumber(100, hour).default(5_000),
  MIGRATION_HEALTH_CHECK_INTERVAL: wholeNumber(1_000, hour).default(30_000),
  MIGRATION_REPORT_DIR: folder().prefault('/tmp'),

  DATABASE_POOL_SIZE: wholeNumber(2, 1_000).default(10),
  DATABASE_IDLE_TIMEOUT: wholeNumber(1_000, hour).default(30_000),
  DATABASE_CONNECTION_TIMEOUT: wholeNumber(100, 300_000).default(10_000),

  MIGRATION_SOURCE_TIME_ZONE: timeZone().default('UTC'),
  MIGRATION_DEFAULT_COUNTRY: country().optional(),
  MIGRATION_IGNORED_TAX_IDS: upperCaseList().prefault('N/A,NA,NONE,-,0'),
  MIGRATION_EXCHANGE_RATES: exchangeRates().optional(),

  MIGRATION_ENCRYPTION_ENABLED: notYet().default(false),
  MIGRATION_AUDIT_LOGGING: notYet().default(false),

  TEMPORAL_ADDRESS: hostAndPort().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: plainName().default('default'),
  TEMPORAL_TASK_QUEUE: plainName().default('migration'),
  TEMPORAL_DEPLOYMENT_NAME: plainName().default('nxt-migrate'),
  TEMPORAL_WORKER_BUILD_ID: plainName().optional(),
};

/** The names, in the order in which `.env.example` explains them. */
export const variableNames: readonly string[] = Object.keys(fields);

/**
 * The variables with what must hold between them. The checks between variables run even where a variable
 * alone is wrong, so that all problems show at once; hence they look at what they got.
 */
export const variables = z.object(fields).superRefine(
  (values, context) => {
    const complain = (name: keyof typeof fields, message: string) => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    const { SOURCE_DATABASE_URL: source, DATABASE_URL: target, BACKUP_DATABASE_URL: backup } = values;
    const urls = Object.entries({
      SOURCE_DATABASE_URL: source,
      DATABASE_URL: target,
      BACKUP_DATABASE_URL: backup,
    } satisfies Partial<Record<keyof typeof fields, DatabaseUrl | undefined>>).filter(
      (entry): entry is [keyof typeof fields, DatabaseUrl] => entry[1] instanceof DatabaseUrl,
    );

    for (const [index, [name, url]] of urls.entries()) {
      for (const [otherName, other] of urls.slice(0, index)) {
        if (isSameDatabase(url, other))
          complain(name, `it names the same database as ${otherName}; they must differ`);
      }
      if (name !== 'SOURCE_DATABASE_URL' && url.dialect !== 'postgres') {
        complain(name, 'it must begin with postgres:// or postgresql://');
      }
      const direct = directHost(url.host);
      if (direct !== undefined) {
        complain(name, `its host is a connection pooler, which loses what a session has set; use ${direct}`);
      }
    }
    if (
      values.MIGRATION_PARALLEL_ENABLED &&
      values.MIGRATION_PARALLEL_MAX_CONCURRENT >= values.DATABASE_POOL_SIZE
    ) {
      complain(
        'DATABASE_POOL_SIZE',
        `it must be more than MIGRATION_PARALLEL_MAX_CONCURRENT (${values.MIGRATION_PARALLEL_MAX_CONCURRENT}): each range holds a connection, and watching needs one`,
      );
    }
  },
  { when: () => true },
);

export type Variables = z.output<typeof variables>;
