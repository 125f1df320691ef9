/**
 * The state of a run, as plain data with plain rules: what is going on, what is done, what it is waiting for.
 * No Temporal here; time is handed in.
 */
import { parseDuration } from '../src/contract/duration.js';
import type { RunSettings } from '../src/contract/input.js';
import type { Phase } from '../src/contract/names.js';
import type { PlanOutline } from '../src/contract/outline.js';
import type {
  CheckResult,
  Checkpoint,
  LastError,
  OperatorAction,
  RowCounts,
  RunState,
  RunStatus,
  StepState,
  StepStatus,
  WaitingFor,
} from '../src/contract/status.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const counts = ['read', 'migrated', 'merged', 'rejected'] as const;
const noRows: RowCounts = { read: 0, migrated: 0, merged: 0, rejected: 0 };

export class RunBook {
  readonly name: string;
  readonly settings: RunSettings;
  readonly startedAtMs: number;
  deadlineMs: number;
  deadlinePassed = false;
  state: RunState = 'running';
  phase: Phase = 'prepare';
  waitingFor: WaitingFor | null = null;
  lastError: LastError | null = null;
  qualityScore: number | null = null;
  report: string | null = null;
  readonly steps: Mutable<StepStatus>[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly actions: OperatorAction[] = [];
  readonly checks: CheckResult[] = [];

  constructor(name: string, settings: RunSettings, startedAtMs: number) {
    this.name = name;
    this.settings = settings;
    this.startedAtMs = startedAtMs;
    this.deadlineMs = startedAtMs + (parseDuration(settings.maxDuration) ?? 0);
  }

  setOutline(outline: PlanOutline): void {
    for (const { step, table } of outline.steps)
      this.steps.push({
        step,
        table,
        state: 'pending',
        source: null,
        ...noRows,
        warnings: 0,
        rowsPerSecond: null,
        startedAt: null,
        endedAt: null,
        differences: null,
      });
  }

  startStep(step: string, nowMs: number): void {
    Object.assign(this.#step(step), { state: 'running', startedAt: iso(nowMs), endedAt: null });
  }

  setSource(step: string, source: number): void {
    this.#step(step).source = source;
  }

  /** Counters so far; the rate is measured from the start of the step. */
  countRows(
    step: string,
    { read, migrated, merged, rejected, warnings }: RowCounts & { readonly warnings: number },
    nowMs: number,
  ): void {
    const status = this.#step(step);
    const seconds = (nowMs - Date.parse(status.startedAt ?? iso(nowMs))) / 1000;
    const rowsPerSecond = seconds > 0 ? Math.round(read / seconds) : null;
    Object.assign(status, { read, migrated, merged, rejected, warnings, rowsPerSecond });
  }

  /** A step that is rolled back has no rows in the target any more, and none in its figures. */
  endStep(step: string, state: StepState, nowMs: number): void {
    Object.assign(this.#step(step), { state, endedAt: iso(nowMs) });
    if (state === 'rolled-back')
      Object.assign(this.#step(step), { ...noRows, warnings: 0, rowsPerSecond: null, differences: null });
  }

  setDifferences(step: string, differences: number): void {
    this.#step(step).differences = differences;
  }

  fail(error: Omit<LastError, 'at'>, nowMs: number): void {
    this.lastError = { ...error, at: iso(nowMs) };
  }

  note(action: Omit<OperatorAction, 'at'>, nowMs: number): void {
    this.actions.push({ at: iso(nowMs), ...action });
  }

  get rows(): RowCounts {
    const sum = { read: 0, migrated: 0, merged: 0, rejected: 0 };
    for (const step of this.steps) for (const count of counts) sum[count] += step[count];
    return sum;
  }

  rowsOf(step: string): RowCounts {
    return this.#step(step);
  }

  get errorRate(): number {
    const { read, rejected } = this.rows;
    return read === 0 ? 0 : rejected / read;
  }

  status(nowMs: number): RunStatus {
    return {
      name: this.name,
      plan: this.settings.plan,
      mode: this.settings.mode,
      state: this.state,
      phase: this.phase,
      startedAt: iso(this.startedAtMs),
      deadline: iso(this.deadlineMs),
      secondsLeft: Math.max(0, Math.round((this.deadlineMs - nowMs) / 1000)),
      errorRate: this.errorRate,
      rows: this.rows,
      steps: this.steps.map((step) => ({ ...step })),
      checkpoints: [...this.checkpoints],
      waitingFor: this.waitingFor,
      lastError: this.lastError,
      actions: [...this.actions],
      qualityScore: this.qualityScore,
      checks: [...this.checks],
      report: this.report,
    };
  }

  #step(name: string): Mutable<StepStatus> {
    const step = this.steps.find((candidate) => candidate.step === name);
    if (!step) throw new Error(`the run has no step ${name}`);
    return step;
  }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
