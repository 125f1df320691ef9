import type { ClientBase, Pool } from 'pg';
import { askRun } from '../client/ask-run.js';
import { describeRun } from '../client/describe-run.js';
import { runEnd, type RunEnd } from '../client/run-end.js';
import type { RunHandle } from '../client/runs.js';
import { temporalError } from '../client/temporal-error.js';
import { MigrationError } from '../contract/errors.js';
import type { RunStatus } from '../contract/status.js';
import { readStepProgress, type StepProgress, withProgress } from '../store/read-progress.js';
import { pause } from './interruption.js';
import { Pace } from './pace.js';
import { activityText, type RunSnapshot, type StepWork } from './run-snapshot.js';

const intervalMs = 500;
/** A run that has not answered for so long will not, with nobody there to help it. */
const longSilenceMs = 120_000;
/** Of one activity, with growing pauses between: about two minutes. */
const mostAttempts = 8;

export interface FollowOptions {
  readonly handle: RunHandle;
  /** of the Temporal Service, for messages */
  readonly address: string;
  /** the target */
  readonly db: Pool | ClientBase;
  readonly signal: AbortSignal;
  /** come back, instead of waiting for an operator, when the run is stuck, or has not answered for long */
  readonly unattended: boolean;
  /** come back when the run is like this, although it has not closed */
  readonly until?: ((status: RunStatus) => boolean) | undefined;
  readonly show: (snapshot: RunSnapshot) => void;
}

export interface FollowEnd {
  readonly how: RunEnd['how'] | 'held';
  /** the last that was seen; null when the run closed before it could answer */
  readonly status: RunStatus | null;
  /** in the run's own words; null unless it failed, was cancelled or terminated */
  readonly failure: Exclude<RunEnd, { how: 'completed' }> | null;
}

/**
 * Watches a run until it closes, showing it twice a second.
 *
 * @throws the signal's reason when it is aborted, MigrationError ERR_001 when target or Temporal is gone
 */
export async function followRun(options: FollowOptions): Promise<FollowEnd> {
  const enough = new AbortController();
  const ended = runEnd(options.handle, enough.signal);
  try {
    return await follow(options, ended);
  } catch (error) {
    throw temporalError(error, options.address);
  } finally {
    enough.abort();
    // How the question for the end was broken off is of no interest, only that it is.
    await ended.catch(() => undefined);
  }
}

async function follow(options: FollowOptions, ended: Promise<RunEnd>): Promise<FollowEnd> {
  const { handle, db, signal, unattended, until, show } = options;
  const paces = new Map<string, Pace>();
  let status: RunStatus | null = null;
  let answeredAt = Date.now();
  let end: RunEnd | undefined;
  void ended.then(
    (how) => (end = how),
    () => undefined,
  );

  for (;;) {
    signal.throwIfAborted();
    const closed = end;
    const [answer, progress, description] = await Promise.all([
      askRun(handle),
      readStepProgress(db, handle.workflowId),
      describeRun(handle),
    ]);
    if (answer.status) {
      status = answer.status;
      answeredAt = Date.now();
    }
    if (closed?.how === 'completed') status = closed.status;
    const merged = status && withProgress(status, progress);
    show({
      run: handle.workflowId,
      at: new Date(),
      status: merged,
      silence: answer.silence,
      pending: description.pending,
      work: merged ? workOf(merged, progress, paces) : new Map(),
    });
    if (closed)
      return { how: closed.how, status: merged, failure: closed.how === 'completed' ? null : closed };
    if (merged && until?.(merged)) return { how: 'held', status: merged, failure: null };
    if (unattended && Date.now() - answeredAt > longSilenceMs) throw noAnswer(answer.silence);
    const stuck = description.pending.find(({ attempt }) => attempt > mostAttempts);
    if (unattended && stuck) throw new Error(`The run does not get on: ${activityText(stuck)}`);
    await Promise.race([ended, pause(intervalMs, signal)]);
  }
}

function noAnswer(silence: string | null): MigrationError {
  return new MigrationError('ERR_001', `The run does not answer: ${silence ?? 'no reason given'}.`, {
    next: "See the worker's log; the run goes on where it was as soon as a worker is up again.",
    place: { server: 'Temporal' },
    transient: true,
  });
}

function workOf(
  status: RunStatus,
  progress: readonly StepProgress[],
  paces: Map<string, Pace>,
): Map<string, StepWork> {
  const comparing = status.phase === 'validate';
  const now = Date.now();
  return new Map(
    status.steps.map((step) => {
      const verified = progress.find((candidate) => candidate.step === step.step)?.verified ?? 0;
      const done = comparing ? verified : step.read;
      const of = comparing ? step.read : step.source;
      const key = `${comparing ? 'compare' : 'move'} ${step.step}`;
      const pace = paces.get(key) ?? new Pace();
      paces.set(key, pace);
      pace.add(done, now);
      const { perSecond } = pace;
      const through = of !== null && done >= of;
      const secondsLeft = of === null || perSecond === null || through ? null : (of - done) / perSecond;
      return [step.step, { done, of, perSecond, secondsLeft }];
    }),
  );
}
