import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { workerEnvironment, workerNodeFlags } from '../cli/worker-command.js';
import { connect } from '../engine/postgres/connect.js';
import { quoteTable } from '../store/quote.js';
import type { Contestant, Outcome, RunJob } from './contestant.js';
import type { MoveFigures } from './move.js';
import type { Dialect } from './peers/peer.js';

const execute = promisify(execFile);
const script = fileURLToPath(new URL('./move.js', import.meta.url));

interface MoveKind {
  readonly name: string;
  readonly title: string;
  readonly source: Dialect;
  /** ranges moved side by side; as in a run that says nothing about it, unless told */
  readonly lanes?: number;
  /** the target refuses one row in a hundred */
  readonly refuses?: boolean;
  readonly workloads?: readonly string[];
}

const kinds: readonly MoveKind[] = [
  { name: 'move', title: 'nxt-migrate, PostgreSQL', source: 'postgres' },
  {
    name: 'move-alone',
    title: 'nxt-migrate, one range at a time',
    source: 'postgres',
    lanes: 1,
    workloads: ['products'],
  },
  {
    name: 'move-refused',
    title: 'nxt-migrate, the target refuses 1 %',
    source: 'postgres',
    refuses: true,
    workloads: ['products'],
  },
  { name: 'move-mysql', title: 'nxt-migrate, MySQL', source: 'mysql' },
];

/** Our own ways, each with every rule, lineage, quarantine and watermarks on. */
export const moves: readonly Contestant[] = kinds.map(moveOf);

function moveOf(kind: MoveKind): Contestant {
  return {
    ...kind,
    ours: true,
    find: async () => ({ version: process.version, run: (job) => run(kind, job) }),
  };
}

async function run(
  { lanes, refuses = false }: MoveKind,
  { workload, source, target, folder, signal }: RunJob,
): Promise<Outcome> {
  const { step, refused, rows } = workload;
  const told = [
    ...(lanes === undefined ? [] : [`--lanes=${lanes}`]),
    ...(refuses ? [`--refuse=${refused.check}`] : []),
  ];
  const { stdout } = await execute(process.execPath, [...workerNodeFlags, script, step, ...told], {
    cwd: folder,
    env: {
      ...process.env,
      ...workerEnvironment,
      NODE_ENV: 'development',
      SOURCE_DATABASE_URL: source,
      DATABASE_URL: target,
    },
    signal,
    killSignal: 'SIGKILL',
  });
  const figures: MoveFigures = JSON.parse(stdout);
  await requireAllRows(target, refused.table, rows, figures);
  return { rows: figures.read, seconds: figures.move, figures, peakMiB: figures.peakMiB };
}

/** Every row is in the target or in quarantine, and the same as in the source: else no figure of ours counts. */
async function requireAllRows(
  target: string,
  table: string,
  rows: number,
  { read, migrated, rejected, differences }: MoveFigures,
): Promise<void> {
  const client = await connect({ connectionString: target });
  try {
    const { rows: counts } = await client.query<{ count: string }>(
      `select count(*) as count from ${quoteTable(table)}`,
    );
    const arrived = Number(counts[0]?.count);
    if (read !== rows || arrived !== migrated || migrated + rejected !== rows || differences !== 0)
      throw new Error(
        `of ${rows} rows ${read} were read, ${migrated} migrated and ${rejected} rejected; ${arrived} are in the target, ${differences} with differences`,
      );
  } finally {
    await client.end();
  }
}
