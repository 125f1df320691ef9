import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { ActivityReport } from '../src/contract/activity-report.js';
import { MigrationError } from '../src/contract/errors.js';
import { databaseError } from '../src/store/postgres-errors.js';
import { Reporter } from './report.js';
import { SteeredEnd } from './steering.js';

/** As quick as a cancellation is to be noticed; the worker sends on what its own throttle lets through. */
const heartbeatMs = 250;
/** After a hard stop, for the act to notice that its connections are gone. Without them it cannot write any more. */
const graceMs = 3_000;
/** The run that wants its activity to end also cancels it; that comes with a heartbeat. */
const cancellationMs = 5_000;

export interface Attempt {
  /** aborted: commit what is in hand, begin nothing new */
  readonly pause: AbortSignal;
  /** aborted: drop what is in hand. The attempt's connections to the target are ended on the server */
  readonly signal: AbortSignal;
  /** what the next heartbeat and the next report to the run carry; parts that are left out stay as they are */
  readonly progress: (part: Partial<Omit<ActivityReport, 'id' | 'activity' | 'step'>>) => void;
  /** resolves when `signal` is aborted and the target has ended all connections of the attempt */
  readonly stopped: () => Promise<void>;
}

export interface AttemptSettings {
  /** further attempts after the first */
  readonly maxRetries: number;
  /** how often the figures go to the worker's log; undefined: never */
  readonly logEveryMs: number | undefined;
  /** the step that it works on; null for what concerns the whole run */
  readonly step: string | null;
  /** ends all connections of the attempt to the target, so that nothing of it is committed any more; never rejects */
  readonly endConnections: () => Promise<void>;
}

/** Waits between attempts while a server is away: 5, 10, 20 ... seconds, a minute at most. */
const firstWaitMs = 5_000;
const longestWaitMs = 60_000;

/**
 * Runs one attempt of an activity: heartbeats and reports whatever it is busy with, an end that is soft or hard as the
 * run wants it, and every error as Temporal's own. It is tried again up to `maxRetries` times where that can help, and
 * then left to the workflow, which holds the run.
 */
export async function runActivity<T>(
  { maxRetries, logEveryMs, step, endConnections }: AttemptSettings,
  act: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { cancellationSignal, log, info } = context;
  const { activityId: id, activityType: activity } = info;
  let latest: ActivityReport = { id, activity, step, done: 0, of: null };
  const reporter = new Reporter(context, () => latest);
  const end = new SteeredEnd(() => reporter.ask());
  const stopped = aborted(end.signal).then(endConnections);
  const cancel = () => end.cancel(context.cancellationDetails);
  if (cancellationSignal.aborted) cancel();
  else cancellationSignal.addEventListener('abort', cancel, { once: true });
  const timer = setInterval(() => context.heartbeat(latest), heartbeatMs);
  const logging = logEveryMs && setInterval(() => log.info('progress', { ...latest }), logEveryMs);
  reporter.start((answer) => end.heed(answer));
  try {
    const result = await Promise.race([
      act({
        pause: end.pause,
        signal: end.signal,
        progress: (part) => (latest = { ...latest, ...part }),
        stopped: () => stopped,
      }),
      stopped.then(givenUp),
    ]);
    if (isUnfinished(result) && isHeldByTemporal(context)) throw new CancelledFailure('held by Temporal');
    return result;
  } catch (error) {
    if (!end.pause.aborted) throw asFailure(error, info.attempt, maxRetries, latest.counts);
    // What was interrupted is reported as the cancellation that it is, whichever way the interruption showed. A worker
    // may say so only once it has been told itself.
    await Promise.race([aborted(cancellationSignal), after(cancellationMs)]);
    throw error instanceof CancelledFailure ? error : new CancelledFailure('interrupted');
  } finally {
    if (end.signal.aborted) await stopped;
    end.close();
    reporter.close();
    cancellationSignal.removeEventListener('abort', cancel);
    clearInterval(timer);
    clearInterval(logging);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function givenUp(): Promise<never> {
  await after(graceMs);
  throw new CancelledFailure('it was stopped and has not noticed');
}

/** A part of its work is done, and it would go on from there when asked again. */
function isUnfinished(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'done' in result && result.done === false;
}

/** An operator has paused or reset this one activity with Temporal's own tools: Temporal itself starts it again. */
function isHeldByTemporal({ cancellationDetails }: Context): boolean {
  return cancellationDetails?.paused === true || cancellationDetails?.reset === true;
}

function asFailure(
  error: unknown,
  attempt: number,
  maxRetries: number,
  counts: ActivityReport['counts'],
): ApplicationFailure {
  const known = databaseError(error, 'target');
  const last = attempt > maxRetries;
  if (known instanceof MigrationError)
    return ApplicationFailure.create({
      message: known.message,
      type: known.code,
      nonRetryable: !known.transient || last,
      nextRetryDelay: Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs),
      details: [{ next: known.next, place: known.place, counts }],
    });
  // A fault of the program or of its machine: the words are its own, without a stack that nobody outside can read.
  return ApplicationFailure.create({
    message: known instanceof Error ? known.message : String(known),
    type: 'ERR_003',
    nonRetryable: last,
    details: [{ next: 'See the log of the worker; then send the update retry.', counts }],
  });
}
