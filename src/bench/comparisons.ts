import { median } from './median.js';
import type { Run } from './rounds.js';
import type { Workload } from './workloads/workload.js';

/** What of a move is looked at; of a peer there is only its copy. */
type Phase = 'move' | 'survey and move' | 'verify';

interface Side {
  readonly contestant: string;
  readonly phase?: Phase;
  /** the workload that is compared unless told */
  readonly workload?: string;
}

/** Two speeds to be divided. */
export interface Comparison {
  readonly title: string;
  readonly ours: Side;
  readonly theirs: Side;
  /** the promise: rows per second of ours divided by theirs, at least */
  readonly floor?: number;
  /** all unless told */
  readonly workloads?: readonly string[];
}

const againstPeers = (
  [
    ['psql', 'move', 0.9, 'psql COPY (text) of the same rows into the same table'],
    ['mariadb', 'move-mysql', 0.85, 'mariadb --quick -B from MySQL piped into psql COPY, same table'],
    ['pgcopydb', 'move', 1, 'pgcopydb of that table'],
    ['pgloader', 'move', 2.4, 'pgloader, PostgreSQL → PostgreSQL'],
    ['pgloader-mysql', 'move-mysql', 2.2, 'pgloader, MySQL → PostgreSQL'],
    ['sling', 'move', 2, 'sling, PostgreSQL → PostgreSQL'],
    ['sling-mysql', 'move-mysql', 2, 'sling, MySQL → PostgreSQL'],
    ['pages', 'move', 30, 'pages by LIMIT/OFFSET and multi-row INSERT, PostgreSQL'],
    ['pages-mysql', 'move-mysql', 30, 'pages by LIMIT/OFFSET and multi-row INSERT, MySQL'],
  ] as const
).map(([peer, move, floor, title]): Comparison => ({
  title,
  ours: { contestant: move },
  theirs: { contestant: peer },
  floor,
}));

export const comparisons: readonly Comparison[] = [
  ...againstPeers,
  {
    title: 'the survey counted in, against psql COPY',
    ours: { contestant: 'move', phase: 'survey and move' },
    theirs: { contestant: 'psql' },
  },
  {
    title: 'verification against the load',
    ours: { contestant: 'move', phase: 'verify' },
    theirs: { contestant: 'move' },
    floor: 1.2,
  },
  {
    title: 'verification against the load, MySQL',
    ours: { contestant: 'move-mysql', phase: 'verify' },
    theirs: { contestant: 'move-mysql' },
  },
  {
    title: 'the target refuses 1 % of the rows, against none',
    ours: { contestant: 'move-refused' },
    theirs: { contestant: 'move' },
    floor: 0.7,
    workloads: ['products'],
  },
  {
    title: 'one range at a time, against two side by side',
    ours: { contestant: 'move-alone' },
    theirs: { contestant: 'move' },
    workloads: ['products'],
  },
  {
    title: 'ten times the rows, against once',
    ours: { contestant: 'move' },
    theirs: { contestant: 'move', workload: 'price-list-items' },
    floor: 0.9,
    workloads: ['price-list-items-large'],
  },
];

/** A comparison in one workload. */
export interface Compared {
  readonly workload: string;
  readonly title: string;
  /** of each round in which both ran */
  readonly ratios: readonly number[];
  /** their median; null when they never ran in the same round */
  readonly ratio: number | null;
  readonly floor: number | null;
  /** null where there is no ratio or no floor */
  readonly met: boolean | null;
}

/**
 * All comparisons of which this workload has a part, by what ran side by side in each round.
 * @param wanted names of the contestants that were to run: those that could not have a comparison without a ratio
 */
export function compare(
  runs: readonly Run[],
  { name: workload, only }: Workload,
  wanted: ReadonlySet<string>,
): Compared[] {
  return comparisons
    .filter(({ workloads }) => workloads?.includes(workload) ?? true)
    .filter(({ theirs }) => wanted.has(theirs.contestant) && (only?.includes(theirs.contestant) ?? true))
    .filter(({ ours }) => runs.some((run) => run.workload === workload && run.contestant === ours.contestant))
    .map(({ title, ours, theirs, floor = null }) => {
      const rounds = [...new Set(runs.map(({ round }) => round))];
      const ratios = rounds.flatMap((round) => {
        const mine = speedOf(runs, round, workload, ours);
        const other = speedOf(runs, round, workload, theirs);
        return mine === undefined || other === undefined ? [] : [mine / other];
      });
      const ratio = ratios.length > 0 ? median(ratios) : null;
      const met = ratio === null || floor === null ? null : ratio >= floor;
      return { workload, title, ratios, ratio, floor, met };
    });
}

/** Rows per second. */
function speedOf(runs: readonly Run[], round: number, workload: string, side: Side): number | undefined {
  const run = runs.find(
    (each) =>
      each.round === round &&
      each.workload === (side.workload ?? workload) &&
      each.contestant === side.contestant,
  );
  return run && run.rows / secondsOf(run, side.phase ?? 'move');
}

function secondsOf({ seconds, figures }: Run, phase: Phase): number {
  switch (phase) {
    case 'move':
      return seconds;
    case 'survey and move':
      return seconds + (figures?.survey ?? Number.NaN);
    case 'verify':
      return figures?.verify ?? Number.NaN;
  }
}

/** The contestants that are named, and those of ours that these are measured against. */
export function withCounterparts(names: readonly string[], ours: ReadonlySet<string>): Set<string> {
  const wanted = new Set(names);
  for (const comparison of comparisons) {
    const [mine, other] = [comparison.ours.contestant, comparison.theirs.contestant];
    if (names.includes(other) && !ours.has(other)) wanted.add(mine);
    if (names.includes(mine) && ours.has(other)) wanted.add(other);
  }
  return wanted;
}
