import type { RunRef, StepOutline } from '../src/contract/outline.js';
import type { RunSettings } from '../src/contract/input.js';
import type { Phase, UpdateName } from '../src/contract/names.js';
import type {
  CheckResult,
  Checkpoint,
  LastError,
  OperatorAction,
  StepStatus,
} from '../src/contract/status.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a run is told to do next. One at a time is at work. */
export type Order =
  | { readonly do: 'prepare' }
  | { readonly do: 'step'; readonly step: string }
  | { readonly do: 'retry'; readonly steps: readonly string[]; readonly coerceTypes: boolean }
  | CatchUpOrder
  | { readonly do: 'validate' }
  | { readonly do: 'finalize' }
  /** keeps what is complete, takes back what is half in, finalizes */
  | { readonly do: 'finish' }
  | UndoOrder;

export interface CatchUpOrder {
  readonly do: 'catch-up';
  /** parents first */
  readonly steps: readonly string[];
  /** where the run was, and is again afterwards */
  readonly from: Phase;
}

/** The run's catch-ups: how many there were, and what is left of the latest. */
export interface CatchUps {
  readonly number: number;
  /** steps that are yet to be caught up, parents first */
  readonly left: readonly string[];
  /** what it has done, a line a table */
  readonly done: readonly string[];
}

export interface UndoOrder {
  readonly do: 'undo';
  /** children first; `all`: everything that the run has done, and then it ends */
  readonly steps: readonly string[] | 'all';
  readonly confirmChanged: boolean;
  readonly fromBackup: boolean;
  /** how the run ends when all is undone; null: it does not end */
  readonly ending: Ending | null;
}

/** How a run that is undone closes. */
export type Ending =
  | { readonly as: 'rolled-back' }
  | { readonly as: 'canceled' }
  | ({ readonly as: 'failed' } & Omit<LastError, 'at'>);

/** An order that could not be done: it waits for an operator. */
export interface Held {
  readonly order: Order;
  readonly reason: string;
  readonly code: string;
  readonly helps: readonly UpdateName[];
  /** the gate that did not pass; null: work that failed */
  readonly gate: string | null;
}

export type Brake = 'off' | 'paused' | 'stopped';

/** Everything that a run is: plain JSON, carried over when its history is begun anew. */
export interface RunData {
  readonly name: string;
  settings: RunSettings;
  /** longest wait of a statement for a lock, in milliseconds; null: as the workers are configured */
  lockTimeoutMs: number | null;
  /** names the run to every activity; another run's when that one is gone on with */
  ref: RunRef;
  readonly startedAtMs: number;
  deadlineMs: number;
  phase: Phase;
  brake: Brake;
  /** takes one step after the other by itself; else it waits for orders */
  walking: boolean;
  /** the order at work, or held */
  order: Order | null;
  /** orders that wait for their turn */
  readonly queue: Order[];
  held: Held | null;
  /** from here on nothing may interrupt: the run is being closed */
  closing: boolean;
  ended: 'completed' | 'rolled-back' | 'failed' | null;
  /** why it was undone, when it was */
  ending: Ending | null;
  /** Temporal was asked to cancel the workflow */
  canceled: boolean;
  /** asked to be entered into the target: it may be, whatever was answered */
  entering: boolean;
  /** entered into the target: from here on there is something to undo */
  entered: boolean;
  /** go on with the run that was left behind in the target, instead of asking */
  adopt: boolean;
  searchAttributes: boolean;
  /** ranges side by side that the installation allows */
  parallel: number;
  outline: readonly StepOutline[];
  prepared: boolean;
  validated: boolean;
  /** steps that the validation at work has compared: where it goes on when it is interrupted */
  compared?: string[];
  /** gates and acts of the prepare phase that are behind us */
  readonly passed: string[];
  /** gates that an operator has passed by hand */
  readonly skipped: string[];
  readonly steps: Mutable<StepStatus>[];
  /** milliseconds of work on each step that are over, and when the present work began */
  readonly worked: Record<string, { ms: number; sinceMs: number | null }>;
  /** the brake is on since; null: it is off */
  restingSinceMs: number | null;
  /** steps with something to undo, in the order in which they began */
  readonly compensations: string[];
  /** left out: there was none */
  catchUps?: CatchUps;
  readonly checkpoints: Checkpoint[];
  readonly actions: OperatorAction[];
  checks: CheckResult[];
  lastError: LastError | null;
  qualityScore: number | null;
  report: string | null;
}

export function newRun(
  settings: RunSettings,
  { workflowId, startedAtMs, deadlineMs }: { workflowId: string; startedAtMs: number; deadlineMs: number },
): RunData {
  return {
    name: settings.name ?? workflowId,
    settings,
    lockTimeoutMs: null,
    ref: { run: workflowId, plan: settings.plan, startedAt: new Date(startedAtMs).toISOString() },
    startedAtMs,
    deadlineMs,
    phase: 'prepare',
    brake: 'off',
    walking: settings.mode === 'auto',
    order: null,
    queue: [],
    held: null,
    closing: false,
    ended: null,
    ending: null,
    canceled: false,
    entering: false,
    entered: false,
    adopt: false,
    searchAttributes: false,
    parallel: 1,
    outline: [],
    prepared: false,
    validated: false,
    passed: [],
    skipped: [],
    steps: [],
    worked: {},
    restingSinceMs: null,
    compensations: [],
    checkpoints: [],
    actions: [],
    checks: [],
    lastError: null,
    qualityScore: null,
    report: null,
  };
}
