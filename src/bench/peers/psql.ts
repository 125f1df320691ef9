import { findProgram, runPipe } from '../programs.js';
import type { Peer } from './peer.js';

/** The fastest that PostgreSQL's own client does without looking at a row. */
export const psql: Peer = {
  name: 'psql',
  title: 'psql COPY (text) piped into psql COPY',
  source: 'postgres',
  async find() {
    const found = await findProgram('psql', 'PSQL_PATH');
    if ('missing' in found) return found;
    const { file, version } = found;
    return {
      version,
      async copy({ table, rows, source, target, ...surroundings }) {
        const statement = (sql: string): string[] => ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql];
        await runPipe(
          { file, args: [source, ...statement(`copy ${table.name} to stdout`)] },
          { file, args: [target, ...statement(`copy ${table.name} from stdin`)] },
          surroundings,
        );
        return rows;
      },
    };
  },
};
