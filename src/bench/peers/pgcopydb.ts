import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram, runProgram } from '../programs.js';
import type { Peer } from './peer.js';

/** `copy table-data` needs no pg_dump, which would have to be as new as the server. */
export const pgcopydb: Peer = {
  name: 'pgcopydb',
  title: 'pgcopydb copy table-data',
  source: 'postgres',
  note: 'pgcopydb ends with a VACUUM ANALYZE of the table, which it cannot be told to leave out',
  async find() {
    const found = await findProgram('pgcopydb', 'PGCOPYDB_PATH');
    if ('missing' in found) return found;
    const { file, version } = found;
    return {
      version: version.replace(/^.*(?=pgcopydb version)/, ''),
      async copy({ table, rows, source, target, ...surroundings }) {
        const filters = path.join(surroundings.folder, 'filters.ini');
        await writeFile(filters, `[include-only-table]\npublic.${table.name}\n`);
        const work = path.join(surroundings.folder, 'work');
        const ends = ['--source', source, '--target', target];
        await runProgram(
          { file, args: ['copy', 'table-data', ...ends, '--dir', work, '--filters', filters] },
          surroundings,
        );
        return rows;
      },
    };
  },
};
