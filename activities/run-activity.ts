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

export interface AttemptSettings {
  /** further attempts after the first */
  readonly maxRetries: number;
  /** how often the figures go to the worker's log; undefined: never */
  readonly logEveryMs: number | undefined;
}

/** Waits between attempts while a server is away: 5, 10, 20 ... seconds, a minute at most. */
const firstWaitMs = 5_000;
const longestWaitMs = 60_000;

/**
 * Runs one attempt of an activity: a heartbeat every second whatever it is busy with, and every error as Temporal's own.
 * It is tried again up to `maxRetries` times where that can help, and then left to the workflow, which holds the run.
 */
export async function runActivity<T>(
  { maxRetries, logEveryMs }: AttemptSettings,
  act: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest: Progress = { done: 0, of: null };
  const timer = setInterval(() => context.heartbeat(latest), heartbeatMs);
  const logging = logEveryMs && setInterval(() => context.log.info('progress', { ...latest }), logEveryMs);
  try {
    return await act({ signal: context.cancellationSignal, progress: (progress) => (latest = progress) });
  } catch (error) {
    // What was interrupted is reported as the cancellation that it is, whichever way the interruption showed.
    if (context.cancellationSignal.aborted) throw asCancelled(context.cancellationSignal.reason);
    throw asFailure(error, context.info.attempt, maxRetries);
  } finally {
    clearInterval(timer);
    clearInterval(logging);
  }
}

function asCancelled(reason: unknown): Error {
  return reason instanceof CancelledFailure ? reason : new CancelledFailure('cancelled');
}

function asFailure(error: unknown, attempt: number, maxRetries: number): ApplicationFailure {
  const known = databaseError(error, 'target');
  const last = attempt > maxRetries;
  if (known instanceof MigrationError)
    return ApplicationFailure.create({
      message: known.message,
      type: known.code,
      nonRetryable: !known.transient || last,
      nextRetryDelay: Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs),
      details: [{ next: known.next, place: known.place }],
    });
  // A fault of the program or of its machine: the words are its own, without a stack that nobody outside can read.
  return ApplicationFailure.create({
    message: known instanceof Error ? known.message : String(known),
    type: 'ERR_003',
    nonRetryable: last,
    details: [{ next: 'See the log of the worker; then send the update retry.' }],
  });
}
