/** The figures of a run: steps, rows, checkpoints, what operators did. No Temporal here; time is handed in. */
import type { PlanOutline } from '../src/contract/outline.js';
import type {
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
import type { AdoptedStep, StepCounts } from '../activities/types.js';
import type { LiveFigures } from './live-figures.js';
import type { RunData } from './run-data.js';

const counts = ['read', 'migrated', 'merged', 'rejected'] as const;
const noRows = { read: 0, migrated: 0, merged: 0, rejected: 0, warnings: 0 };

/** What is worth showing of who did what; older ones are left out of the status, and stand in the history. */
const actionsKept = 200;

export class RunBook {
  readonly data: RunData;

  constructor(data: RunData) {
    this.data = data;
  }

  setOutline({ steps }: PlanOutline): void {
    this.data.outline = steps;
    this.data.steps.splice(0);
    for (const { step, table } of steps)
      this.data.steps.push({
        step,
        table,
        state: 'pending',
        source: null,
        ...noRows,
        rowsPerSecond: null,
        startedAt: null,
        endedAt: null,
        differences: null,
      });
  }

  /** What another run has done that this one goes on with. */
  adopt(steps: readonly AdoptedStep[], checkpoints: readonly Checkpoint[]): void {
    for (const { step, ...found } of steps) Object.assign(this.#step(step), found);
    this.data.checkpoints.splice(0, this.data.checkpoints.length, ...checkpoints);
  }

  startStep(step: string, nowMs: number): void {
    const status = this.#step(step);
    Object.assign(status, { state: 'running', startedAt: status.startedAt ?? iso(nowMs), endedAt: null });
  }

  setSource(step: string, source: number): void {
    this.#step(step).source = source;
  }

  /** Work on a step begins, or is over for now: pauses do not count in its rate. */
  work(step: string, atWork: boolean, nowMs: number): void {
    const worked = (this.data.worked[step] ??= { ms: 0, sinceMs: null });
    if (worked.sinceMs !== null) worked.ms += nowMs - worked.sinceMs;
    worked.sinceMs = atWork ? nowMs : null;
  }

  /** The brake is on, or off again. */
  rest(resting: boolean, nowMs: number): void {
    const { data } = this;
    const since = data.restingSinceMs;
    if (!resting && since !== null)
      for (const worked of Object.values(data.worked))
        if (worked.sinceMs !== null) worked.sinceMs += nowMs - Math.max(since, worked.sinceMs);
    data.restingSinceMs = resting ? (since ?? nowMs) : null;
  }

  /** Figures of the step as they stand in the target. */
  countRows(step: string, { read, migrated, merged, rejected, warnings }: StepCounts): void {
    Object.assign(this.#step(step), { read, migrated, merged, rejected, warnings });
  }

  /** Of the move, from its figures and the time that was worked on it. */
  rate(step: string, nowMs: number): void {
    const { ms, sinceMs } = this.data.worked[step] ?? { ms: 0, sinceMs: null };
    const seconds = (ms + (sinceMs === null ? 0 : nowMs - sinceMs)) / 1000;
    const status = this.#step(step);
    status.rowsPerSecond = seconds > 0 ? Math.round(status.read / seconds) : null;
  }

  endStep(step: string, state: StepState, nowMs: number): void {
    Object.assign(this.#step(step), { state, endedAt: iso(nowMs) });
  }

  /** It was complete, and is so no longer until it is caught up. */
  reopen(step: string): void {
    Object.assign(this.#step(step), { state: 'running', endedAt: null });
  }

  /** From here on it is not complete any more, whatever becomes of the undo. */
  undoing(step: string): void {
    Object.assign(this.#step(step), { state: 'running', endedAt: null, differences: null });
  }

  /** A step that is rolled back has no rows in the target any more, and none in its figures. */
  undone(step: string, nowMs: number): void {
    const status = this.#step(step);
    Object.assign(status, {
      state: 'rolled-back',
      ...noRows,
      source: null,
      rowsPerSecond: null,
      differences: null,
    });
    Object.assign(status, { startedAt: null, endedAt: iso(nowMs) });
    delete this.data.worked[step];
    const name = `${status.table}_completed`;
    const at = this.data.checkpoints.findIndex((checkpoint) => checkpoint.name === name);
    if (at >= 0) this.data.checkpoints.splice(at, 1);
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (!this.data.checkpoints.some(({ name }) => name === checkpoint.name))
      this.data.checkpoints.push(checkpoint);
  }

  setDifferences(step: string, differences: number | null): void {
    this.#step(step).differences = differences;
  }

  fail(error: Omit<LastError, 'at'>, nowMs: number): void {
    this.data.lastError = { ...error, at: iso(nowMs) };
  }

  note(action: Omit<OperatorAction, 'at'>, nowMs: number): void {
    note(this.data, action, nowMs);
  }

  rowsOf(step: string): RowCounts {
    return this.#step(step);
  }

  get rows(): RowCounts {
    return sum(this.data.steps);
  }

  /** `live` replaces the figures of steps at work; `nowMs` is the time of whoever asks. */
  status(
    nowMs: number,
    now: { readonly state: RunState; readonly waitingFor: WaitingFor | null; readonly live?: LiveFigures },
  ): RunStatus {
    const { data } = this;
    const steps = data.steps.map((step): StepStatus => {
      const isGoing = now.state === 'running' || now.state === 'rolling-back';
      const atWork = isGoing && (data.worked[step.step]?.sinceMs ?? null) !== null;
      const state = step.state === 'running' && !atWork ? 'paused' : step.state;
      const { rowsPerSecond, ...live } = now.live?.countsOf(step.step) ?? { rowsPerSecond: null };
      return { ...step, ...live, state, rowsPerSecond: rowsPerSecond ?? step.rowsPerSecond };
    });
    const rows = sum(steps);
    return {
      name: data.name,
      plan: data.settings.plan,
      mode: data.settings.mode,
      state: now.state,
      phase: data.phase,
      startedAt: iso(data.startedAtMs),
      deadline: iso(data.deadlineMs),
      secondsLeft: Math.max(0, Math.round((data.deadlineMs - nowMs) / 1000)),
      errorRate: rows.read === 0 ? 0 : rows.rejected / rows.read,
      rows,
      steps,
      checkpoints: [...data.checkpoints],
      waitingFor: now.waitingFor,
      lastError: data.lastError,
      actions: [...data.actions],
      skipped: [...data.skipped],
      qualityScore: data.qualityScore,
      throttle: now.live?.throttle ?? null,
      now: now.live?.doing ?? [],
      checks: [...data.checks],
      report: data.report,
    };
  }

  #step(name: string): RunData['steps'][number] {
    const step = this.data.steps.find((candidate) => candidate.step === name);
    if (!step) throw new Error(`the run has no step ${name}`);
    return step;
  }
}

/** Among the actions of the status. */
export function note(data: RunData, action: Omit<OperatorAction, 'at'>, nowMs: number): void {
  data.actions.push({ at: iso(nowMs), ...action });
  if (data.actions.length > actionsKept) data.actions.shift();
}

function sum(steps: readonly RowCounts[]): RowCounts {
  const total = { read: 0, migrated: 0, merged: 0, rejected: 0 };
  for (const step of steps) for (const count of counts) total[count] += step[count];
  return total;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
