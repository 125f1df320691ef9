import { findProgram, runPipe } from '../programs.js';
import { mysqlLogin } from './mysql-login.js';
import type { Peer } from './peer.js';

/** MySQL's rows as its client prints them in batch mode: tab-separated, escaped like COPY's, NULL as a word. */
export const mariadb: Peer = {
  name: 'mariadb',
  title: 'mariadb --quick -B piped into psql COPY',
  source: 'mysql',
  async find() {
    const client = await findProgram('mariadb', 'MARIADB_PATH');
    if ('missing' in client) return client;
    const psql = await findProgram('psql', 'PSQL_PATH');
    if ('missing' in psql) return psql;
    return {
      version: client.version,
      async copy({ table, rows, source, target, ...surroundings }) {
        const { host, port, user, password, database } = mysqlLogin(source);
        const from = [
          '--no-defaults',
          `--host=${host}`,
          `--port=${port}`,
          `--user=${user}`,
          '--protocol=tcp',
        ];
        const manner = ['--default-character-set=utf8mb4', '--quick', '-B', '--skip-column-names'];
        const into = `copy ${table.name} from stdin with (null 'NULL')`;
        await runPipe(
          {
            file: client.file,
            args: [...from, ...manner, database, '-e', `select * from ${table.name}`],
            env: { MYSQL_PWD: password },
          },
          { file: psql.file, args: [target, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', into] },
          surroundings,
        );
        return rows;
      },
    };
  },
};
