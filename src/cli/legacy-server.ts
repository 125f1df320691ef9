import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Keeper } from '../servers/keeper.js';
import { startMariadb } from '../servers/mariadb.js';
import { startMysql } from '../servers/mysql.js';
import type { PostgresServer } from '../servers/postgres.js';
import type { StackPorts } from './remembered-ports.js';

/** Servers that the legacy database can be on, as they are written on the command line. */
export const sourceKinds = ['postgres', 'mysql', 'mariadb'] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** What the servers are called in a sentence. */
export const sourceNames: Readonly<Record<SourceKind, string>> = {
  postgres: 'PostgreSQL',
  mysql: 'MySQL',
  mariadb: 'MariaDB',
};

/** The value of `--source`, which was checked when it was parsed. */
export function sourceKindOf(value: unknown): SourceKind {
  const kind = sourceKinds.find((known) => known === value);
  if (kind === undefined) throw new Error(`there is no source ${String(value)}`);
  return kind;
}

const database = 'legacy';
const starts = { mysql: startMysql, mariadb: startMariadb };

export interface LegacyServer {
  /** of the legacy database, password included: not for logs */
  readonly url: string;
  /** the ports to remember */
  readonly ports: StackPorts;
}

/** The legacy database, empty if it is new: on the PostgreSQL that is there, or on a server of its own beside it. */
export async function startLegacyServer(
  kind: SourceKind,
  options: {
    readonly postgres: PostgresServer;
    readonly dataDir: string;
    readonly ports: StackPorts;
    readonly keeper: Keeper;
    readonly log: (line: string) => void;
  },
): Promise<LegacyServer> {
  const { postgres, dataDir, ports, keeper, log } = options;
  if (kind === 'postgres') {
    await postgres.createDatabase(database);
    return { url: postgres.url(database), ports: {} };
  }
  log(`Starting ${sourceNames[kind]}...`);
  const port = ports[kind];
  const server = await starts[kind]({
    dataDir: path.join(dataDir, kind),
    keeper,
    log,
    ...(port === undefined ? {} : { port }),
  });
  const connection = await createConnection({ uri: server.url('mysql') });
  try {
    await connection.query(`create database if not exists ${database} character set utf8mb4`);
  } finally {
    await connection.end();
  }
  return { url: server.url(database), ports: { [kind]: server.port } };
}
