import type { PendingActivity } from '../client/describe-run.js';
import type { RunStatus, StepStatus } from '../contract/status.js';
import { count } from '../report/format.js';
import { activityWords } from './activity-words.js';

/** A run at one moment, for showing. */
export interface RunSnapshot {
  /** workflow id */
  readonly run: string;
  readonly at: Date;
  /** the latest answer of the run, with rows as committed now; null before the first */
  readonly status: RunStatus | null;
  /** why the run has not answered just now (no worker is up, or it is busy replaying); null when it has */
  readonly silence: string | null;
  readonly pending: readonly PendingActivity[];
  /** by step */
  readonly work: ReadonlyMap<string, StepWork>;
}

/** How far a step is with what the run is doing in this phase. */
export interface StepWork {
  /** rows moved, or compared in the validate phase */
  readonly done: number;
  /** null before it is known */
  readonly of: number | null;
  readonly perSecond: number | null;
  /** null when it cannot be told */
  readonly secondsLeft: number | null;
}

/** Whether nothing goes on until an operator says so. */
export function isHeld({ state }: RunStatus): boolean {
  return state === 'waiting' || state === 'stopped' || state === 'rollback-failed';
}

/** `Price list items` for `price-list-items`. */
export function titleOf({ step }: StepStatus): string {
  const words = step.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the manual says of a step that is in, `Customer` for `Customers`. */
export function completedLine(step: StepStatus): string {
  const { migrated, merged, rejected } = step;
  const others = [
    ...(merged > 0 ? [`, ${count(merged)} merged`] : []),
    ...(rejected > 0 ? [`, ${count(rejected)} rejected`] : []),
  ].join('');
  return `✅ ${titleOf(step).replace(/s$/, '')} migration completed: ${count(migrated)} records migrated${others}`;
}

/** `checkReferences 3/9`, and why it failed the last time: what the run waits for just now. */
export function activityText({ name, progress, attempt, lastFailure }: PendingActivity): string {
  const far = progress?.of ? ` ${count(progress.done)}/${count(progress.of)}` : '';
  const doing = activityWords[name] ?? name;
  if (attempt <= 1) return `${doing}${far}`;
  return `${doing}${far} (attempt ${attempt}${lastFailure === null ? '' : `, after: ${lastFailure}`})`;
}
