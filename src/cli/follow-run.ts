import { QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import type { ClientBase, Pool } from 'pg';
import { describeRun } from '../client/describe-run.js';
import { runEnd, type RunEnd } from '../client/run-end.js';
import { type RunHandle, runStatus } from '../client/runs.js';
import { temporalError } from '../client/temporal-error.js';
import { MigrationError } from '../contract/errors.js';
import type { RunStatus } from '../contract/status.js';
import { readStepProgress, type StepProgress, withProgress } from '../store/read-progress.js';
import { pause } from './interruption.js';
import { Pace } from './pace.js';
import { isHeld, type RunSnapshot, type StepWork } from './run-snapshot.js';

const intervalMs = 500;

export interface FollowOptions {
  readonly handle: RunHandle;
  /** of the Temporal Service, for messages */
  readonly address: string;
  /** the target */
  readonly db: Pool | ClientBase;
  readonly signal: AbortSignal;
  /** come back, instead of waiting for an operator, when the run is held or has not answered for so long */
  readonly giveUp?: { readonly whenHeld: boolean; readonly silenceMs: number };
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
  try {
    return await follow(options);
  } catch (error) {
    throw temporalError(error, options.address);
  }
}

async function follow(options: FollowOptions): Promise<FollowEnd> {
  const { handle, db, signal, giveUp, show } = options;
  const paces = new Map<string, Pace>();
  let status: RunStatus | null = null;
  let answeredAt = Date.now();
  let end: RunEnd | undefined;
  const ended = runEnd(handle).then((how) => (end = how));
  // It is raced below; when we are interrupted before that, nobody wants to know how it failed.
  ended.catch(() => undefined);

  for (;;) {
    signal.throwIfAborted();
    const closed = end;
    const [answer, progress, description] = await Promise.all([
      ask(handle),
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
    if (giveUp?.whenHeld && merged && isHeld(merged)) return { how: 'held', status: merged, failure: null };
    if (giveUp && Date.now() - answeredAt > giveUp.silenceMs) throw noAnswer(answer.silence);
    await Promise.race([ended, pause(intervalMs, signal)]);
  }
}

type Answer = { status: RunStatus; silence: null } | { status: null; silence: string };

/** A run answers only while a worker is up; that none is does not end the watch. */
async function ask(handle: RunHandle): Promise<Answer> {
  try {
    return { status: await runStatus(handle), silence: null };
  } catch (error) {
    if (error instanceof QueryNotRegisteredError)
      return { status: null, silence: 'the run is just starting' };
    if (!(error instanceof ServiceError)) throw error;
    return { status: null, silence: error.cause?.message ?? error.message };
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
