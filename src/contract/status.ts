import type { Phase } from './names.js';

/** `auto` walks all phases by itself; `stepwise` prepares, then waits for the operator's steps. */
export const runModes = ['auto', 'stepwise'] as const;
export type RunMode = (typeof runModes)[number];

/** State of a run, as `status` and the search attribute MigrationState show it. */
export type RunState =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'stopped'
  | 'rolling-back'
  | 'rolled-back'
  | 'rollback-failed'
  | 'completed'
  | 'failed';

export type StepState = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'rolled-back';

export interface RowCounts {
  readonly read: number;
  readonly migrated: number;
  readonly merged: number;
  readonly rejected: number;
}

export interface StepStatus extends RowCounts {
  readonly step: string;
  readonly table: string;
  readonly state: StepState;
  /** rows in the legacy tables when the step began; null before */
  readonly source: number | null;
  readonly warnings: number;
  readonly rowsPerSecond: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** differences that verification found; null before it has looked */
  readonly differences: number | null;
}

export interface Checkpoint {
  readonly name: string;
  readonly at: string;
}

export interface OperatorAction {
  readonly at: string;
  readonly by: string;
  readonly what: string;
  readonly reason: string | null;
}

export interface WaitingFor {
  readonly reason: string;
  readonly code: string | null;
  /** updates and signals that would help */
  readonly helps: readonly string[];
}

export interface LastError {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly at: string;
}

/** Answer of the query `status`, and the result of a closed run. Times are ISO 8601 in UTC. */
export interface RunStatus {
  readonly name: string;
  readonly plan: string;
  readonly mode: RunMode;
  readonly state: RunState;
  readonly phase: Phase;
  readonly startedAt: string;
  readonly deadline: string;
  readonly secondsLeft: number;
  /** rejected by read, 0 to 1 */
  readonly errorRate: number;
  readonly rows: RowCounts;
  readonly steps: readonly StepStatus[];
  readonly checkpoints: readonly Checkpoint[];
  readonly waitingFor: WaitingFor | null;
  readonly lastError: LastError | null;
  readonly actions: readonly OperatorAction[];
  /** gates that operators have passed by hand */
  readonly skipped: readonly string[];
  /** share of the scored source rows that would move, 0 to 1; null before the gate */
  readonly qualityScore: number | null;
  /** what slows the run at this moment out of regard for a server; null when nothing does */
  readonly throttle: RunThrottle | null;
  /** what is at work at this moment, as last heard; empty when nothing is */
  readonly now: readonly Doing[];
  /** what the validate phase found, one entry per check; empty before */
  readonly checks: readonly CheckResult[];
  /** path of the JSON report; null before finalize */
  readonly report: string | null;
}

/** Work in progress: an activity and how far it is, in the unit that it counts (rows, tables, objects). */
export interface Doing {
  readonly activity: string;
  readonly step: string | null;
  readonly done: number;
  readonly of: number | null;
}

/** The servers that a run works on, and should leave room on for others. */
export const pressureServers = ['source', 'target'] as const;
export type PressureServer = (typeof pressureServers)[number];

export const pressureKinds = ['replication-lag', 'connections', 'load'] as const;
export type PressureKind = (typeof pressureKinds)[number];

/** Why work goes slower than it could. */
export interface Throttle {
  readonly server: PressureServer;
  readonly what: PressureKind;
  /** sentences: the figure, its limit, and what is done about it */
  readonly reason: string;
  /** ISO 8601 in UTC */
  readonly since: string;
}

export interface RunThrottle extends Throttle {
  readonly step: string | null;
}

/** One check of the validate phase (or a gate of prepare). */
export interface CheckResult {
  readonly check: string;
  readonly title: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** rows looked at and rows that failed */
  readonly looked: number;
  readonly failed: number;
}
