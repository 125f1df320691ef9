import type { MoveFigures } from './move.js';
import type { Missing, Surroundings } from './programs.js';
import type { Dialect } from './peers/peer.js';
import type { Workload } from './workloads/workload.js';

/** What one contestant did in one round. */
export interface Outcome {
  /** that arrived, or that a move has put into quarantine */
  readonly rows: number;
  /** of a move: without what comes before and after, which stands in `figures` */
  readonly seconds: number;
  readonly figures?: MoveFigures;
  /** of our process that did it, the most resident memory in MiB */
  readonly peakMiB?: number;
}

export interface RunJob extends Surroundings {
  readonly workload: Workload;
  readonly source: string;
  /** an empty PostgreSQL database, which goes away afterwards */
  readonly target: string;
}

export interface ReadyContestant {
  readonly version: string;
  run(job: RunJob): Promise<Outcome>;
}

/** One way to bring rows over, ours or a peer. */
export interface Contestant {
  /** as `--only` takes it */
  readonly name: string;
  readonly title: string;
  readonly ours: boolean;
  readonly source: Dialect;
  readonly note?: string;
  /** runs in the first round alone */
  readonly once?: boolean;
  /** workloads that it takes part in; all unless told */
  readonly workloads?: readonly string[];
  find(): Promise<ReadyContestant | Missing>;
}
