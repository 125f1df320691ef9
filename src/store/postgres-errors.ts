/**
 * What PostgreSQL, its driver and the sockets report, as the product's one error. Mapped here and nowhere else.
 *
 * The server's own words are quoted only where they name things (tables, roles, files). Errors about values and
 * constraints are told by SQLSTATE, table, column and constraint, since their words repeat the row's data; for the
 * same reason the server's error is not handed on as the cause.
 */
import { DatabaseError } from 'pg';
import {
  connectionError,
  noConnectionToSpare,
  waitAndRetry,
  type ConnectionWords,
} from './connection-error.js';
import { MigrationError, type ErrorCode, type ErrorPlace } from '../contract/errors.js';

interface Meaning {
  readonly code: ErrorCode;
  /** worth trying again without anybody doing anything */
  readonly transient: boolean;
  /** the server's words may repeat a row's data */
  readonly aboutData?: true;
  readonly what: string;
  readonly next: string;
}

const waitForLocks =
  'It is tried again by itself; if it stays so, end the connections that hold these tables.';

/** By SQLSTATE or its first characters, the longest that fits counts. */
const meanings: Readonly<Record<string, Meaning>> = {
  '08': { code: 'ERR_001', transient: true, what: 'lost the connection', next: waitAndRetry },
  '53': { code: 'ERR_001', transient: true, what: 'is out of resources', next: waitAndRetry },
  '53100': {
    code: 'ERR_008',
    transient: false,
    what: 'has no disk space left',
    next: 'Make room on that server, then retry.',
  },
  '53200': {
    code: 'ERR_007',
    transient: true,
    what: 'is out of memory',
    next: 'Give the server memory or lower the parallelism, then retry.',
  },
  '53300': {
    code: 'ERR_001',
    transient: true,
    what: noConnectionToSpare,
    next: 'It is tried again by itself; lower the pool size or raise max_connections if it stays so.',
  },
  '57': { code: 'ERR_001', transient: true, what: 'ended the connection', next: waitAndRetry },
  '57014': { code: 'ERR_006', transient: true, what: 'cancelled the statement', next: waitAndRetry },
  '58': { code: 'ERR_001', transient: true, what: 'had a system error', next: waitAndRetry },
  '25P03': { code: 'ERR_001', transient: true, what: 'ended an idle transaction', next: waitAndRetry },
  '25P04': { code: 'ERR_001', transient: true, what: 'ended a long transaction', next: waitAndRetry },
  '25006': {
    code: 'ERR_001',
    transient: false,
    what: 'takes no writes',
    next: 'Name the primary server, not a standby, or make the database writable.',
  },
  '28': {
    code: 'ERR_001',
    transient: false,
    what: 'refused the user or the password',
    next: 'Correct the user and password in the connection string.',
  },
  '3D000': {
    code: 'ERR_001',
    transient: false,
    what: 'does not have this database',
    next: 'Correct the database name in the connection string, or create the database.',
  },
  '40': { code: 'ERR_001', transient: true, what: 'gave way to another transaction', next: waitForLocks },
  '55P03': { code: 'ERR_001', transient: true, what: 'could not get its locks in time', next: waitForLocks },
  '42': {
    code: 'ERR_002',
    transient: false,
    what: 'does not have the schema that is needed',
    next: 'Compare the schema with the plan and bring it up to date.',
  },
  '42501': {
    code: 'ERR_002',
    transient: false,
    what: 'denies a privilege',
    next: 'Grant the privilege to the user of the connection string, or use the owner of the tables.',
  },
  '22': {
    code: 'ERR_003',
    transient: false,
    aboutData: true,
    what: 'refused a value',
    next: 'Compare the column types of both sides.',
  },
  '23': {
    code: 'ERR_003',
    transient: false,
    aboutData: true,
    what: 'refused a row because of a constraint',
    next: 'Look at the rows that break the constraint.',
  },
  '23503': {
    code: 'ERR_004',
    transient: false,
    aboutData: true,
    what: 'refused a row because of a foreign key',
    next: 'Look at the rows whose parent is missing.',
  },
  '23505': {
    code: 'ERR_005',
    transient: false,
    aboutData: true,
    what: 'refused a row because its key is taken',
    next: 'Look at the rows that share the key.',
  },
  XX001: {
    code: 'ERR_009',
    transient: false,
    what: 'found damaged data',
    next: 'Have the server examined (pg_amcheck) before anything else is written to it.',
  },
  XX002: {
    code: 'ERR_009',
    transient: false,
    what: 'found a damaged index',
    next: 'Rebuild the index (REINDEX) and have the server examined.',
  },
};

const unknownMeaning: Meaning = {
  code: 'ERR_003',
  transient: false,
  aboutData: true,
  what: 'refused a statement',
  next: 'Look up the SQLSTATE in the appendix of the PostgreSQL manual and the server log for its words.',
};

function meaningOf(state: string): Meaning {
  return meanings[state] ?? meanings[state.slice(0, 2)] ?? unknownMeaning;
}

const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (was closed|has encountered a connection error))/;
const refusedConnection =
  /^(The server does not support SSL|There was an error establishing an SSL|SASL|Unknown authentication)/;

const words: ConnectionWords = {
  isLost: (_code, message) => lostConnection.test(message),
  isRefused: (_code, message) => refusedConnection.test(message),
  whenRefused: 'Check sslmode, the certificates and the password in the connection string.',
};

/**
 * The error as a `MigrationError` when PostgreSQL, the driver or a socket raised it; anything else is a fault of the
 * program and comes back as it is.
 *
 * `server` is how people call the database: `source`, `target` or `backup`.
 */
export function databaseError(error: unknown, server: string): unknown {
  if (error instanceof DatabaseError) return serverError(error, server);
  if (!(error instanceof Error) || error instanceof MigrationError) return error;
  return connectionError(error, server, words) ?? error;
}

function serverError(error: DatabaseError, server: string): MigrationError {
  const state = error.code ?? 'unknown';
  const meaning = meaningOf(state);
  const place: ErrorPlace = {
    server,
    ...(error.table === undefined ? {} : { table: error.table }),
    ...(error.column === undefined ? {} : { column: error.column }),
  };
  const named = [
    error.table === undefined ? '' : `table ${error.table}`,
    error.column === undefined ? '' : `column ${error.column}`,
    error.constraint === undefined ? '' : `constraint ${error.constraint}`,
  ].filter((text) => text !== '');
  const details = [
    `SQLSTATE ${state}`,
    ...(meaning.aboutData ? [] : [error.message]),
    ...(named.length === 0 ? [] : [named.join(', ')]),
  ];
  return new MigrationError(meaning.code, `The ${server} database ${meaning.what} (${details.join('; ')}).`, {
    next: meaning.next,
    place,
    transient: meaning.transient,
  });
}
