import { findProgram, runProgram } from '../programs.js';
import type { SeedTable } from '../workloads/workload.js';
import type { Dialect, Peer } from './peer.js';

export const sling: Peer = { ...slingFrom('postgres'), name: 'sling', title: 'sling, PostgreSQL' };
export const slingMysql: Peer = { ...slingFrom('mysql'), name: 'sling-mysql', title: 'sling, MySQL' };

const surroundings = {
  // Straight into the table: by itself it goes through a temporary table, which takes a fifth longer.
  SLING_DIRECT_INSERT: 'true',
  SLING_DISABLE_TELEMETRY: 'true',
  // It takes MySQL's times to be of this zone.
  TZ: 'UTC',
};

function slingFrom(dialect: Dialect): Pick<Peer, 'source' | 'find'> {
  return {
    source: dialect,
    async find() {
      const found = await findProgram('sling', 'SLING_PATH');
      if ('missing' in found) return found;
      const { file, version } = found;
      return {
        version: `sling ${version.replace(/^Version: /, '')}`,
        async copy({ table, rows, source, target, folder, signal }) {
          const schema = dialect === 'postgres' ? 'public' : new URL(source).pathname.slice(1);
          const from = ['--src-conn', withoutTls(source), '--src-stream', `${schema}.${table.name}`];
          const into = ['--tgt-conn', withoutTls(target), '--tgt-object', `public.${table.name}`];
          await runProgram(
            {
              file,
              args: ['run', ...from, ...into, '--mode', 'truncate', '--columns', typesToTell(table)],
              env: { ...surroundings, SLING_HOME_DIR: folder },
            },
            { folder, signal },
          );
          return rows;
        },
      };
    },
  };
}

/** MySQL's booleans are numbers, which sling would write as such. */
function typesToTell(table: SeedTable): string {
  const booleans = Object.entries(table.columns).filter(([, [type]]) => type === 'boolean');
  return JSON.stringify(Object.fromEntries(booleans.map(([name]) => [name, 'bool'])));
}

/** It asks for encryption unless told, which a server on this machine does not have. */
function withoutTls(url: string): string {
  return url.startsWith('postgres') ? `${url}?sslmode=disable` : url;
}
