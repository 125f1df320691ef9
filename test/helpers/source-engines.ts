import { createDatabase, type TestDatabase } from './databases.js';
import { sharedMysqlServer } from './mysql-servers.js';

/** The kinds of servers that a legacy database may be on. What is promised of a source is tried on each. */
export const engineNames = ['PostgreSQL', 'MySQL', 'MariaDB'] as const;
export type EngineName = (typeof engineNames)[number];

/** An empty legacy database on the server of this kind that all test files share. */
export async function createLegacyDatabase(engine: EngineName): Promise<TestDatabase> {
  if (engine === 'PostgreSQL') return createDatabase('legacy');
  const server = await sharedMysqlServer(engine);
  return server.createDatabase('legacy');
}
