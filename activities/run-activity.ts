import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { MigrationError } from '../src/contract/errors.js';
import type { Progress } from '../src/contract/outline.js';
import { databaseError } from '../src/store/postgres-errors.js';

/** Well inside the heartbeat timeout, and as quick as a cancellation is to be noticed. */
const heartbeatMs = 1_000;

export interface Attempt {
  /** aborted when the activity is cancelled, or its worker shuts down */
  readonly signal: AbortSignal;
  /** the figures that the next heartbeat carries */
  readonly progress: (progress: Progress) => void;
}

/**
 * Runs one attempt of an activity: a heartbeat every second whatever it is busy with, and every error as Temporal's own,
 * retryable only where trying again can help.
 */
export async function runActivity<T>(act: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest: Progress = { done: 0, of: null };
  const timer = setInterval(() => context.heartbeat(latest), heartbeatMs);
  try {
    return await act({ signal: context.cancellationSignal, progress: (progress) => (latest = progress) });
  } catch (error) {
    // What was interrupted is reported as the cancellation that it is, whichever way the interruption showed.
    if (context.cancellationSignal.aborted) throw asCancelled(context.cancellationSignal.reason);
    throw asFailure(error);
  } finally {
    clearInterval(timer);
  }
}

function asCancelled(reason: unknown): Error {
  return reason instanceof CancelledFailure ? reason : new CancelledFailure('cancelled');
}

function asFailure(error: unknown): Error {
  const known = databaseError(error, 'target');
  if (known instanceof MigrationError)
    return ApplicationFailure.create({
      message: known.message,
      type: known.code,
      nonRetryable: !known.transient,
      details: [{ next: known.next, place: known.place }],
    });
  return error instanceof Error ? error : new Error(String(error));
}
