/**
 * What MySQL, MariaDB, their driver and the sockets report, as the product's one error. Mapped here and nowhere else.
 *
 * The server's own words are quoted only where they name things (tables, users, files), since others may repeat a row's
 * data; for the same reason the server's error is not handed on as the cause.
 */
import {
  connectionError,
  noConnectionToSpare,
  waitAndRetry,
  type ConnectionWords,
} from '../../store/connection-error.js';
import { MigrationError, type ErrorCode } from '../../contract/errors.js';

interface Meaning {
  readonly code: ErrorCode;
  /** worth trying again without anybody doing anything */
  readonly transient: boolean;
  /** the server's words name things only */
  readonly quoted?: true;
  readonly what: string;
  readonly next: string;
}

const ended: Meaning = {
  code: 'ERR_001',
  transient: true,
  what: 'ended the connection',
  next: waitAndRetry,
};
const full: Meaning = {
  code: 'ERR_001',
  transient: true,
  what: noConnectionToSpare,
  next: 'It is tried again by itself; lower the parallelism or raise max_connections if it stays so.',
};
const refused: Meaning = {
  code: 'ERR_001',
  transient: false,
  quoted: true,
  what: 'refused the user or the password',
  next: 'Correct the user and password in the connection string.',
};
const noDatabase: Meaning = {
  code: 'ERR_001',
  transient: false,
  quoted: true,
  what: 'does not have this database, or does not let this user see it',
  next: 'Correct the database name in the connection string, or grant the user its rights.',
};
const cancelled: Meaning = {
  code: 'ERR_006',
  transient: true,
  what: 'cancelled the statement',
  next: waitAndRetry,
};
const locked: Meaning = {
  code: 'ERR_001',
  transient: true,
  what: 'could not get its locks in time',
  next: 'It is tried again by itself; if it stays so, end the connections that hold these tables.',
};
const outOfMemory: Meaning = {
  code: 'ERR_007',
  transient: true,
  what: 'is out of memory',
  next: 'Give the server memory or lower the parallelism, then retry.',
};
const diskFull: Meaning = {
  code: 'ERR_008',
  transient: false,
  what: 'has no disk space left',
  next: 'Make room on that server, also where its temporary files are (tmpdir), then retry.',
};
const otherSchema: Meaning = {
  code: 'ERR_002',
  transient: false,
  quoted: true,
  what: 'does not have the schema that is needed',
  next: 'Compare the schema with the plan and bring it up to date.',
};
const denied: Meaning = {
  code: 'ERR_002',
  transient: false,
  quoted: true,
  what: 'denies a privilege',
  next: 'Grant the privilege to the user of the connection string.',
};
const damaged: Meaning = {
  code: 'ERR_009',
  transient: false,
  quoted: true,
  what: 'found damaged data',
  next: 'Have the table examined (CHECK TABLE) and repaired, or restored from a backup.',
};
const unknown: Meaning = {
  code: 'ERR_003',
  transient: false,
  what: 'refused a statement',
  next: "Look up the number among the server's error messages, and see its log for its words.",
};

/** Numbers by meaning: names differ between MySQL and MariaDB, numbers do not. */
const numbers: readonly (readonly [Meaning, readonly number[]])[] = [
  [ended, [1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031]],
  [full, [1040, 1203, 1226]],
  [refused, [1045, 1129, 1130, 1251, 1698, 1820, 1862, 3118, 3159, 4151]],
  [noDatabase, [1044, 1049]],
  [cancelled, [1317, 1969, 3024]],
  [locked, [1205, 1213]],
  [outOfMemory, [1037, 1038, 1041]],
  [diskFull, [1021, 1114, 1878]],
  [otherSchema, [1054, 1146, 1356, 1412]],
  [denied, [1142, 1143, 1227, 1370]],
  [damaged, [1034, 1035, 1194, 1195, 1712, 1877]],
];
const meanings: ReadonlyMap<number, Meaning> = new Map(
  numbers.flatMap(([meaning, all]) => all.map((number) => [number, meaning] as const)),
);

const words: ConnectionWords = {
  isLost: (code, message) => code === 'PROTOCOL_CONNECTION_LOST' || message.endsWith('closed state'),
  isRefused: (code) => code.startsWith('AUTH_'),
  whenRefused: 'Check encryption, the certificates and the password of the connection string.',
};

/** The number of an error that the server itself raised; undefined for every other. */
export function errorNumber(error: unknown): number | undefined {
  const fromServer = error instanceof Error && 'sqlState' in error && 'errno' in error;
  return fromServer && typeof error.errno === 'number' && error.errno > 0 ? error.errno : undefined;
}

/**
 * The error as a `MigrationError` when the server, the driver or a socket raised it; anything else is a fault of the
 * program and comes back as it is. `server` is how people call the database: `source`.
 */
export function mysqlError(error: unknown, server: string): unknown {
  if (!(error instanceof Error) || error instanceof MigrationError) return error;
  const number = errorNumber(error);
  if (number === undefined) return connectionError(error, server, words) ?? error;
  const meaning = meanings.get(number) ?? unknown;
  const details = [`error ${number}`, ...(meaning.quoted ? [error.message] : [])].join('; ');
  return new MigrationError(meaning.code, `The ${server} database ${meaning.what} (${details}).`, {
    next: meaning.next,
    place: { server },
    transient: meaning.transient,
  });
}
