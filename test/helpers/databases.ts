import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';

/** An empty database on the server that all test files share. */
export interface TestDatabase {
  name: string;
  /** A connection string, as superuser. */
  url: string;
  /** Drops it, whoever is connected. */
  drop(): Promise<void>;
}

/**
 * Creates an empty database, for a whole file in `beforeAll` or for one test; whoever creates it drops it.
 *
 * @param label the beginning of its name, which is unique on the server
 * @param server the address of another server than the shared one, as superuser
 * @param encoding another one than the server's
 */
export async function createDatabase(
  label = 'test',
  server = inject('postgresUrl'),
  encoding?: string,
): Promise<TestDatabase> {
  const name = `${label}_${randomBytes(6).toString('hex')}`;
  const unlike = encoding === undefined ? '' : ` encoding '${encoding}' locale 'C' template template0`;
  await onServer(server, `create database ${escapeIdentifier(name)}${unlike}`);
  const url = new URL(server);
  url.pathname = encodeURIComponent(name);
  return {
    name,
    url: url.href,
    drop: () => onServer(server, `drop database if exists ${escapeIdentifier(name)} with (force)`),
  };
}

/** Gives the work the address of an empty database, and drops it afterwards. */
export async function withDatabase<Result>(
  work: (url: string) => Promise<Result>,
  label?: string,
): Promise<Result> {
  const database = await createDatabase(label);
  try {
    return await work(database.url);
  } finally {
    await database.drop();
  }
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
