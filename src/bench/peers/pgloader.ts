import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram, runProgram } from '../programs.js';
import type { SeedTable } from '../workloads/workload.js';
import { mysqlLogin } from './mysql-login.js';
import type { Dialect, Peer } from './peer.js';

/** More rows in memory at once than this exhaust the heap that pgloader is built with. */
const prefetchRows = 10_000;

export const pgloader: Peer = {
  ...pgloaderFrom('postgres'),
  name: 'pgloader',
  title: 'pgloader, PostgreSQL',
};
export const pgloaderMysql: Peer = {
  ...pgloaderFrom('mysql'),
  name: 'pgloader-mysql',
  title: 'pgloader, MySQL',
};

function pgloaderFrom(dialect: Dialect): Pick<Peer, 'source' | 'find'> {
  return {
    source: dialect,
    async find() {
      const found = await findProgram('pgloader', 'PGLOADER_PATH');
      if ('missing' in found) return found;
      const { file, version } = found;
      return {
        version,
        async copy({ table, rows, source, target, ...surroundings }) {
          const commands = path.join(surroundings.folder, 'copy.load');
          await writeFile(commands, commandsFor(dialect, table, source, target));
          const root = path.join(surroundings.folder, 'root');
          await runProgram({ file, args: ['--root-dir', root, commands] }, surroundings);
          return rows;
        },
      };
    },
  };
}

function commandsFor(dialect: Dialect, table: SeedTable, source: string, target: string): string {
  return `load database from ${address(source)} into ${address(target)}
    with data only, create no tables, create no indexes, reset no sequences, prefetch rows = ${prefetchRows}
    ${clauses[dialect](table, source)};\n`;
}

const clauses: Record<Dialect, (table: SeedTable, source: string) => string> = {
  postgres: ({ name }) => `including only table names matching '${name}' in schema 'public'`,
  // Unless it is told the character set of answers, it fails on those of MySQL 8's own catalog ("76 fell through ECASE").
  mysql: ({ name }, source) => `set MySQL parameters character_set_results = 'utf8'
    including only table names matching '${name}'
    alter schema '${mysqlLogin(source).database}' rename to 'public'`,
};

/** pgloader knows PostgreSQL by this name. */
function address(url: string): string {
  return url.replace(/^postgres:/, 'postgresql:');
}
