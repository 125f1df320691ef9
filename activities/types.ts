/**
 * What the workflow may ask for. Arguments and answers are names, counters and keys of steps only: rows, row errors and
 * personal data never travel through Temporal.
 */
import type { RunSettings } from '../src/contract/input.js';
import type { PlanOutline, RunRef } from '../src/contract/outline.js';
import type { CheckResult, Checkpoint, RowCounts, RunStatus } from '../src/contract/status.js';

export interface StepRef extends RunRef {
  readonly step: string;
}

export interface OpenedRun {
  readonly outline: PlanOutline;
  /** ranges that may move at the same time by this installation's configuration */
  readonly parallel: number;
  /** false where the worker may not register search attributes: the run works without them */
  readonly searchAttributes: boolean;
}

/** A run that has ended without closing: its workflow was terminated, or Temporal's own state was lost. */
export interface LeftBehind extends RunRef {
  readonly name: string;
  /** steps that it has begun, in its order */
  readonly steps: readonly string[];
  /** rows of its steps that are in the target */
  readonly rows: number;
  /** false where the worker may not register search attributes */
  readonly searchAttributes: boolean;
}

/** A run that this workflow goes on with: what of it is done already, by the target's own tables. */
export interface AdoptedRun extends OpenedRun {
  readonly steps: readonly AdoptedStep[];
  readonly checkpoints: readonly Checkpoint[];
  /** taken before its first row: must not be taken again once there are some */
  readonly fingerprinted: boolean;
  readonly backedUp: boolean;
  /** its latest catch-up, with the steps yet to be caught up, and those of them that have all their rows; null or left out: it had none */
  readonly catchUp?: {
    readonly number: number;
    readonly steps: readonly string[];
    readonly ready?: readonly string[];
  } | null;
  /** steps that were asked for now, and that this run was not to move */
  readonly notPartOfIt: readonly string[];
}

export interface AdoptedStep extends StepCounts {
  readonly step: string;
  readonly state: 'pending' | 'running' | 'completed' | 'rolled-back';
  readonly source: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Figures of a step behind a catch-up, and the rows of the target that it has changed. */
export interface CaughtUpStep extends StepCounts {
  readonly source: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** rows that stay as they are, since others have changed or built upon them */
  readonly left: number;
  readonly completed: boolean;
  readonly done: boolean;
}

/** Some rows, by their number and the keys of a few. */
export interface SomeRows {
  readonly rows: number;
  /** at most five keys */
  readonly examples: readonly string[];
}

/** What undoing a step would take back, and who would notice. */
export interface StepUndo {
  readonly step: string;
  readonly table: string;
  /** rows of the run that would go, those made as parents included */
  readonly rows: number;
  /** of these, rows that somebody else has changed or deleted since the run wrote them */
  readonly changed: SomeRows;
  /** rows of others, or of steps that stay, that refer to rows that would go; keys are those of the rows referred to */
  readonly builtUpon: readonly (SomeRows & { readonly table: string; readonly constraint: string })[];
}

/** What may go although others have been at it since: nothing, rows that they have changed, all that they have built upon too. */
export type Confirmed = 'nothing' | 'changed' | 'all';

/** Whether undone tables are what they were before the run. */
export interface UndoneProof {
  /** one sentence each; none: they are */
  readonly differences: readonly string[];
  /** rows that others have written into these tables since the fingerprint: a restore would take them away */
  readonly othersRows: number;
  /** the backup of the run; null where it has none */
  readonly backup: string | null;
}

/** A gate's answer: it holds, or why not and what would help. */
export interface Gate {
  /** false: without it no later step could do its work */
  readonly skippable?: boolean;
  /** what is worth knowing although it stops nothing */
  readonly notes?: readonly string[];
  readonly passed: boolean;
  readonly code: string;
  readonly reason: string;
}

export interface StepCounts extends RowCounts {
  readonly warnings: number;
}

/** The step's figures in the target. Not `done`: it was interrupted, and goes on from there when asked again. */
export interface StepPart extends StepCounts {
  readonly done: boolean;
}

export interface MovedStep extends StepPart {
  /** ended before its ranges were done, because too many rows were rejected at that moment */
  readonly tooManyErrors: ErrorCount | null;
}

/** Rejected rows of what: the step, or the run up to now. */
export interface ErrorCount {
  readonly what: string;
  readonly read: number;
  readonly rejected: number;
}

/** From when on rejected rows are too many: their share of the step's rows or of the run's, and the rows after which it counts. */
export interface ErrorLimit {
  readonly maxErrorRate: number;
  readonly minErrorSample: number;
}

/** What `configure` may change while a step moves. Null: as the worker is configured. */
export interface MoveSettings {
  readonly batchSize: number | null;
  /** longest wait of a statement for a lock, in milliseconds */
  readonly timeoutMs: number | null;
}

export interface Activities {
  /** What an earlier run has left in the target; null when there is nothing, or when that run is still alive. */
  findLeftBehind(ref: RunRef): Promise<LeftBehind | null>;
  /** Enters the run into the target's own tables and answers what it will do. Refused while another run is open. */
  openRun(args: RunRef & { readonly settings: RunSettings; readonly name: string }): Promise<OpenedRun>;
  /** Takes a run over that was left behind: `ref` names that run, `by` is the workflow id that goes on with it. */
  adoptRun(
    ref: RunRef & { readonly by: string; readonly tables: readonly string[] | null },
  ): Promise<AdoptedRun>;

  checkConnections(ref: RunRef): Promise<Gate>;
  prepareTarget(ref: RunRef): Promise<Gate>;
  inspectSource(ref: RunRef & { readonly steps: readonly string[] }): Promise<Gate>;
  scoreQuality(
    ref: RunRef & { readonly steps: readonly string[]; readonly minScore: number },
  ): Promise<Gate & { readonly score: number }>;
  checkDisk(ref: RunRef): Promise<Gate>;
  fingerprintTarget(ref: RunRef): Promise<void>;
  /** Does not pass where no backup database is configured. */
  backUpTarget(ref: RunRef): Promise<Gate>;

  /** Figures of the step as they stand in the target. Only looks. */
  countStep(ref: StepRef): Promise<StepCounts>;
  /** Rows of the step's legacy tables at this moment. */
  countSource(ref: StepRef): Promise<number>;
  /** Freezes the ranges and settles duplicates and merges. */
  surveyStep(ref: StepRef): Promise<{ readonly source: number; readonly ranges: number }>;
  /**
   * Moves ranges of the step until none is left; several of these may run side by side. Ends early, with what is in,
   * when too many rows are rejected, or when the run wants it to pause or stop.
   */
  moveStep(
    ref: StepRef & MoveSettings & { readonly lane: number; readonly limit: ErrorLimit },
  ): Promise<MovedStep>;
  /** Links, derived columns, soft references, indexes and constraints of the step; then its checkpoint. */
  completeStep(ref: StepRef): Promise<StepCounts & { readonly checkpoint: string; readonly at: string }>;
  /**
   * Moves the step's quarantined rows again, as the source has them now. `completeStep` must follow: from here on the
   * target holds the step for begun, unless nothing was in quarantine.
   */
  retryRejects(ref: StepRef & { readonly coerceTypes: boolean }): Promise<
    StepPart & {
      /** rows that have left the quarantine by this attempt */
      readonly moved: number;
    }
  >;

  /**
   * Brings a completed step in line with its source as it is now; `behind`: steps that are caught up behind it. `number`
   * counts the catch-ups of the run. Not `completed`: what changed asks for `completeStep`. Not `done`: told to pause.
   */
  catchUpStep(
    ref: StepRef & {
      readonly number: number;
      readonly behind: readonly string[];
      /** rows of a new chunk; null: as the worker is configured */
      readonly batchSize: number | null;
    },
  ): Promise<CaughtUpStep>;

  /** Answers how many ranges are yet to be compared. `again`: also chunks in which differences were found before. */
  openVerification(ref: StepRef & { readonly again: boolean }): Promise<{ readonly ranges: number }>;
  /**
   * Compares rows that the step moved with their source, through the mapping, range by range until none is left; several
   * of these may run side by side. Answers the figures of the step as they are then.
   */
  verifyStep(ref: StepRef & { readonly lane: number }): Promise<{
    readonly rows: number;
    readonly differences: number;
    /** of these, rows whose source is as it was read */
    readonly corrupted: number;
  }>;
  checkCounts(ref: RunRef): Promise<CheckResult[]>;
  checkReferences(ref: RunRef): Promise<CheckResult[]>;
  checkRules(ref: RunRef): Promise<CheckResult[]>;

  /** What undoing these steps together would take back. Only looks. */
  previewUndo(ref: RunRef & { readonly steps: readonly string[] }): Promise<StepUndo[]>;
  /** Takes back the rows of a step, by its lineage. Refused at a row that others have changed, unless that is confirmed. */
  undoStep(ref: StepRef & { readonly confirmed: Confirmed }): Promise<StepPart>;
  /** Counts and warnings of the steps that stay, as far as they were drawn from those that are gone. */
  settleAfterUndo(
    ref: RunRef & { readonly undone: readonly string[]; readonly kept: readonly string[] },
  ): Promise<void>;
  /** Sequences back, and the tables compared with their fingerprint. `steps` null: all tables of the plan. */
  proveUndone(ref: RunRef & { readonly steps: readonly string[] | null }): Promise<UndoneProof>;
  /** What others have written into the plan's tables since the fingerprint: a restore takes it away. Only looks. */
  previewRestore(ref: RunRef): Promise<SomeRows>;
  /**
   * The plan's tables as they were when the run's backup was made; the run then has nothing in the target any more.
   * Refused where that takes away rows of others, unless `confirmChanged`.
   */
  restoreTarget(ref: RunRef & { readonly confirmChanged: boolean }): Promise<void>;

  finishTarget(ref: RunRef): Promise<void>;
  writeReport(args: RunRef & { readonly status: RunStatus }): Promise<{ readonly path: string }>;
  closeRun(args: RunRef & { readonly state: RunStatus['state'] }): Promise<void>;
}
