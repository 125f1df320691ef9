/**
 * What the workflow may ask for. Arguments and answers are names, counters and keys of steps only: rows, row errors and
 * personal data never travel through Temporal.
 */
import type { RunSettings } from '../src/contract/input.js';
import type { PlanOutline, RunRef } from '../src/contract/outline.js';
import type { CheckResult, RowCounts, RunStatus } from '../src/contract/status.js';

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

export interface MovedStep extends StepCounts {
  /** ended before its ranges were done, because too many rows were rejected at that moment */
  readonly tooManyErrors: boolean;
}

/** From when on rejected rows are too many: their share, and the rows after which it counts. */
export interface ErrorLimit {
  readonly maxErrorRate: number;
  readonly minErrorSample: number;
}

export interface Activities {
  /** What an earlier run has left in the target; null when there is nothing, or when that run is still alive. */
  findLeftBehind(ref: RunRef): Promise<LeftBehind | null>;
  /** Enters the run into the target's own tables and answers what it will do. Refused while another run is open. */
  openRun(args: RunRef & { readonly settings: RunSettings; readonly name: string }): Promise<OpenedRun>;

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

  /** Freezes the ranges and settles duplicates and merges. */
  surveyStep(ref: StepRef): Promise<{ readonly source: number; readonly ranges: number }>;
  /**
   * Moves ranges of the step until none is left; several of these may run side by side. Ends early, with what is in,
   * when too many rows are rejected.
   */
  moveStep(
    ref: StepRef & { readonly lane: number; readonly batchSize: number | null; readonly limit: ErrorLimit },
  ): Promise<MovedStep>;
  /** Links, derived columns, soft references, indexes and constraints of the step; then its checkpoint. */
  completeStep(ref: StepRef): Promise<StepCounts & { readonly checkpoint: string; readonly at: string }>;

  /** Compares every row that the step moved with its source, through the mapping. */
  verifyStep(ref: StepRef & { readonly lane: number }): Promise<{
    readonly rows: number;
    readonly differences: number;
    /** of these, rows whose source is as it was read */
    readonly corrupted: number;
  }>;
  checkCounts(ref: RunRef): Promise<CheckResult[]>;
  checkReferences(ref: RunRef): Promise<CheckResult[]>;
  checkRules(ref: RunRef): Promise<CheckResult[]>;

  /** Takes back the rows of a step, by its lineage. */
  undoStep(ref: StepRef): Promise<{ readonly rows: number }>;
  /** Sequences back, and the target compared with its fingerprint; fails with ERR_010 where they differ. */
  proveUndone(ref: RunRef): Promise<void>;

  finishTarget(ref: RunRef): Promise<void>;
  writeReport(args: RunRef & { readonly status: RunStatus }): Promise<{ readonly path: string }>;
  closeRun(args: RunRef & { readonly state: RunStatus['state'] }): Promise<void>;
}
