import type { ExchangeRates } from '../engine/values/exchange.js';
import type { DatabaseUrl } from './database-url.js';
import type { Variables } from './variables.js';

/** The whole configuration: checked, typed and frozen to its depth. Printing it shows no secrets. */
export interface Config {
  readonly environment: Variables['NODE_ENV'];
  readonly source: DatabaseUrl;
  readonly target: DatabaseUrl;
  /** `undefined` when BACKUP_DATABASE_URL is not set: a run that wants a backup must then hold. */
  readonly backup: DatabaseUrl | undefined;
  /** Absolute paths of the modules with plans of your own, in the order given. */
  readonly plans: readonly string[];
  readonly database: {
    /** Connections per pool at most. */
    readonly poolSize: number;
    readonly idleTimeoutMs: number;
    readonly connectionTimeoutMs: number;
  };
  readonly limits: {
    /** Rows of one chunk at most. */
    readonly batchSize: number;
    /** Bytes of one chunk, more or less. */
    readonly chunkBytes: number;
    /** Rows of one range of keys, more or less: ranges move side by side. */
    readonly rangeRows: number;
    /** When the secondary indexes of an empty table are made. */
    readonly indexes: Variables['MIGRATION_INDEX_CREATION'];
    /** Memory of a worker at most, objects and buffers; `undefined`: by the limit of Node's heap. */
    readonly memoryBytes: number | undefined;
    /** Longest wait of a statement for a lock in the target. */
    readonly timeoutMs: number;
    /** Further attempts after the first. */
    readonly maxRetries: number;
    /** Ranges that move at the same time; 1 when MIGRATION_PARALLEL_ENABLED is false. */
    readonly parallel: number;
  };
  /** When a run makes room for others on the source and the target; `undefined`: not watched. */
  readonly courtesy: {
    readonly maxReplicationLagMs: number | undefined;
    /** Of the connections of a server, database or user that are in use, 0 to 1. */
    readonly maxConnectionShare: number | undefined;
    /** Sessions of others that are at work. */
    readonly maxActiveSessions: number | undefined;
  };
  readonly reading: {
    /** IANA name of the zone that the legacy timestamps without a zone are in. */
    readonly sourceTimeZone: Variables['MIGRATION_SOURCE_TIME_ZONE'];
    /** For telephone numbers and addresses that name none. */
    readonly defaultCountry: Variables['MIGRATION_DEFAULT_COUNTRY'];
    /** Texts in upper case that stand for "no tax id". */
    readonly ignoredTaxIds: readonly string[];
    /** Without them no amount is converted. */
    readonly exchangeRates: ExchangeRates | undefined;
  };
  readonly monitoring: {
    readonly realTime: boolean;
    readonly logLevel: Variables['MIGRATION_LOG_LEVEL'];
    readonly progressIntervalMs: number;
    readonly healthCheckIntervalMs: number;
    /** Absolute path. */
    readonly reportDir: string;
  };
  readonly temporal: {
    /** host:port */
    readonly address: string;
    readonly namespace: string;
    readonly taskQueue: string;
    readonly deploymentName: string;
    /** Version of the workers; `undefined`: they are not versioned, and any of them takes any run. */
    readonly buildId: string | undefined;
  };
}
