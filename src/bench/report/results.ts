import { compare, type Compared } from '../comparisons.js';
import type { Contestant } from '../contestant.js';
import { median } from '../median.js';
import type { MoveFigures } from '../move.js';
import type { FailedRun, Run } from '../rounds.js';
import type { Workload } from '../workloads/workload.js';
import type { Machine } from './machine.js';

/** A contestant that did not run, with the reason. */
export interface Skipped {
  readonly contestant: string;
  readonly title: string;
  readonly why: string;
}

/** A contestant's medians over the rounds. */
export interface Standing {
  readonly workload: string;
  readonly contestant: string;
  readonly title: string;
  readonly ours: boolean;
  readonly rowsPerSecond: number;
  readonly rows: number;
  readonly seconds: number;
  /** of a move: seconds of what comes before and after */
  readonly phases?: Pick<MoveFigures, 'survey' | 'complete' | 'verify'>;
  /** of ours: the most resident memory in all rounds */
  readonly peakMiB?: number;
}

/** The most resident memory in all workloads, in MiB. */
export interface Memory {
  /** of a worker process in whole runs; null when there was none, or the kernel does not tell */
  readonly workerMiB: number | null;
  /** of the process that only moves and verifies, without Temporal's SDK; null when there was none */
  readonly moveMiB: number | null;
  /** the promise for workers of any table's size */
  readonly mostMiB: number;
  readonly met: boolean | null;
}

/** The promise for any table's size. */
const mostMiB = 300;

/** What the benchmark writes and prints: everything measured, and what follows from it. */
export interface Results {
  /** raised when a field changes its meaning or goes */
  readonly format: 1;
  /** ISO 8601, UTC, of the end */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly workloads: readonly { readonly name: string; readonly title: string; readonly rows: number }[];
  readonly standings: readonly Standing[];
  readonly comparisons: readonly Compared[];
  readonly memory: Memory;
  readonly skipped: readonly Skipped[];
  readonly failed: readonly FailedRun[];
  readonly notes: readonly string[];
  readonly runs: readonly Run[];
}

export function resultsOf(parts: {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly workloads: readonly Workload[];
  readonly contestants: readonly Contestant[];
  readonly skipped: readonly Skipped[];
  readonly failed: readonly FailedRun[];
  readonly runs: readonly Run[];
  readonly date: Date;
}): Results {
  const { machine, versions, rounds, workloads, contestants, skipped, failed, runs } = parts;
  const wanted = new Set(contestants.map(({ name }) => name));
  const ran = contestants.filter(({ name }) => runs.some((run) => run.contestant === name));
  return {
    format: 1,
    date: parts.date.toISOString(),
    machine,
    versions,
    rounds,
    workloads: workloads.map(({ name, title, rows }) => ({ name, title, rows })),
    standings: workloads.flatMap(({ name }) =>
      ran.flatMap((contestant) => standingOf(runs, name, contestant)),
    ),
    comparisons: workloads.flatMap((workload) => compare(runs, workload, wanted)),
    memory: memoryOf(runs),
    skipped,
    failed,
    notes: [...new Set(ran.flatMap(({ note }) => note ?? []))],
    runs,
  };
}

function memoryOf(runs: readonly Run[]): Memory {
  const mostOf = (some: readonly Run[]): number | null => {
    const peaks = some.flatMap(({ peakMiB }) => peakMiB ?? []);
    return peaks.length > 0 ? Math.max(...peaks) : null;
  };
  const workerMiB = mostOf(runs.filter(({ figures }) => !figures));
  const moveMiB = mostOf(runs.filter(({ figures }) => figures));
  return { workerMiB, moveMiB, mostMiB, met: workerMiB === null ? null : workerMiB < mostMiB };
}

function standingOf(runs: readonly Run[], workload: string, { name, title, ours }: Contestant): Standing[] {
  const own = runs.filter((run) => run.workload === workload && run.contestant === name);
  const [first] = own;
  if (!first) return [];
  const figures = own.flatMap((run) => run.figures ?? []);
  const peaks = own.flatMap(({ peakMiB }) => peakMiB ?? []);
  const medianOf = (phase: 'survey' | 'complete' | 'verify') => median(figures.map((each) => each[phase]));
  const phases = { survey: medianOf('survey'), complete: medianOf('complete'), verify: medianOf('verify') };
  return [
    {
      workload,
      contestant: name,
      title,
      ours,
      rowsPerSecond: Math.round(median(own.map(({ rows, seconds }) => rows / seconds))),
      rows: first.rows,
      seconds: median(own.map(({ seconds }) => seconds)),
      ...(figures.length > 0 && { phases }),
      ...(peaks.length > 0 && { peakMiB: Math.max(...peaks) }),
    },
  ];
}
