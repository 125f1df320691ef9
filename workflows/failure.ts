import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { StepCounts } from '../activities/types.js';
import type { LastError } from '../src/contract/status.js';
import type { Ending } from './run-data.js';

/** Why the run must be undone, by itself: the contract's automatic rollbacks. */
export class RollbackNeeded extends Error {
  readonly ending: Ending & { readonly as: 'failed' };

  constructor(code: string, message: string, next: string) {
    super(message);
    this.ending = { as: 'failed', code, message, next };
  }
}

/** Why an order waits for an operator: a gate that does not pass, an undo that may not or cannot be done. */
export class MustHold extends Error {
  readonly code: string;
  readonly next: string;
  readonly gate: string | null;
  readonly skippable: boolean;

  constructor(
    code: string,
    message: string,
    { next, gate = null, skippable = false }: { next: string; gate?: string | null; skippable?: boolean },
  ) {
    super(message);
    this.code = code;
    this.next = next;
    this.gate = gate;
    this.skippable = skippable;
  }
}

/** The history has grown as long as it should: the run goes on in a new one. */
export class HistoryFull extends Error {}

/** What a failed activity says itself. */
export type ActivityError = Omit<LastError, 'at'> & { readonly counts: StepCounts | null };

/** The failed activity's own words; undefined when the error is none (a cancellation, a fault of the workflow). */
export function activityError(error: unknown): ActivityError | undefined {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) return undefined;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure))
    return {
      code: 'ERR_003',
      message: `${error.activityType} ended without an answer: ${cause?.message ?? error.message}.`,
      next: 'See the log of the workers; then send the update retry.',
      counts: null,
    };
  const details = detailsOf(cause.details?.[0]);
  return {
    code: cause.type ?? 'ERR_003',
    message: cause.message,
    next: details.next ?? 'Mend the cause, then send the update retry.',
    counts: details.counts ?? null,
  };
}

function detailsOf(details: unknown): { next?: string; counts?: StepCounts } {
  return typeof details === 'object' && details !== null ? details : {};
}

/** Why an order was not obeyed. */
export type Cause = MustHold | RollbackNeeded | ActivityError;

/** Undefined for a cancellation, and for faults of the program, which go on. */
export function causeOf(error: unknown): Cause | undefined {
  return error instanceof MustHold || error instanceof RollbackNeeded ? error : activityError(error);
}
