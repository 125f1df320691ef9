import type { Contestant, Outcome, ReadyContestant } from './contestant.js';
import type { Stage } from './stage.js';
import type { Workload } from './workloads/workload.js';

/** One contestant's part in one round. */
export interface Run extends Outcome {
  readonly round: number;
  readonly workload: string;
  readonly contestant: string;
}

/** A run of which no figure counts, with the reason. */
export interface FailedRun {
  readonly round: number;
  readonly workload: string;
  readonly contestant: string;
  readonly why: string;
}

export interface Entry {
  readonly contestant: Contestant;
  readonly ready: ReadyContestant;
}

/** A peer that takes longer than this hangs. */
const patienceMs = 30 * 60_000;

/**
 * Lets every contestant run once in each round on each workload, in another order each time, so that neither a warm disk
 * nor a machine that grows slower is always to the same one's advantage. A peer that fails is noted; our own way failing
 * is an error.
 */
export async function runRounds(
  stage: Stage,
  entries: readonly Entry[],
  options: {
    readonly workloads: readonly Workload[];
    readonly rounds: number;
    readonly signal: AbortSignal;
    readonly log: (line: string) => void;
  },
): Promise<{ runs: Run[]; failed: FailedRun[] }> {
  const runs: Run[] = [];
  const failed: FailedRun[] = [];
  for (let round = 1; round <= options.rounds; round++)
    for (const workload of options.workloads)
      for (const { contestant, ready } of rotated(entriesOf(workload, entries), round - 1)) {
        if (contestant.once && round > 1) continue;
        options.signal.throwIfAborted();
        const place = { round, workload: workload.name, contestant: contestant.name };
        try {
          const outcome = await runOnce(stage, contestant, ready, workload, options.signal);
          runs.push({ ...place, ...outcome });
          options.log(`round ${round}, ${workload.title}, ${contestant.title}: ${describe(outcome)}`);
        } catch (error) {
          if (contestant.ours || options.signal.aborted) throw error;
          const why = error instanceof Error ? error.message : String(error);
          failed.push({ ...place, why });
          options.log(`round ${round}, ${workload.title}, ${contestant.title}: failed, ${why}`);
        }
      }
  return { runs, failed };
}

function entriesOf(workload: Workload, entries: readonly Entry[]): Entry[] {
  return entries.filter(
    ({ contestant: { name, workloads } }) =>
      (workload.only?.includes(name) ?? true) && (workloads?.includes(workload.name) ?? true),
  );
}

function runOnce(
  stage: Stage,
  { source }: Contestant,
  ready: ReadyContestant,
  workload: Workload,
  stopped: AbortSignal,
): Promise<Outcome> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(patienceMs)]);
  return stage.withTarget((place) =>
    ready.run({ ...place, workload, source: stage.source(source, workload), signal }),
  );
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function describe({ rows, seconds, peakMiB }: Outcome): string {
  const speed = `${Math.round(rows / seconds).toLocaleString('en-US')} rows/s, ${seconds.toFixed(2)} s`;
  return peakMiB === undefined ? speed : `${speed}, ${peakMiB} MiB`;
}
