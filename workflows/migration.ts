/** The workflow `migration`: one run of a plan, phases 1 to 4. It only wires: see run (orders), control (what may happen). */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { parseDuration } from '../src/contract/duration.js';
import { parseRunInput } from '../src/contract/input.js';
import type { RunStatus } from '../src/contract/status.js';
import { watchDeadline } from './deadline.js';
import { HistoryFull } from './failure.js';
import { listen } from './listen.js';
import { Run } from './run.js';
import { newRun, type RunData } from './run-data.js';

/** @param carried all of the run, when it goes on in a new history */
export async function migration(input?: unknown, carried?: RunData): Promise<RunStatus> {
  const run = new Run(workflowInfo().continuedFromExecutionRunId && carried ? carried : begin(input));
  listen(run);
  CancellationScope.current().cancelRequested.catch(() => run.control.cancel());
  // A cancellation is an order like others: nothing that is at work may be cut off by it.
  return CancellationScope.nonCancellable(async () => {
    const clock = new CancellationScope();
    const watching = clock.run(() => watchDeadline(run.control)).catch(ignoreCancellation);
    try {
      while (!run.data.ended) await goOn(run, input);
    } finally {
      clock.cancel();
      await watching;
    }
    await handlersDone();
    return close(run);
  });
}

function begin(input: unknown): RunData {
  const parsed = parseRunInput(input);
  if ('problems' in parsed) throw ApplicationFailure.nonRetryable(parsed.problems.join('\n'), 'ERR_002');
  const { settings } = parsed;
  const { workflowId, startTime } = workflowInfo();
  const startedAtMs = startTime.getTime();
  const deadlineMs = startedAtMs + (parseDuration(settings.maxDuration) ?? 0);
  return newRun(settings, { workflowId, startedAtMs, deadlineMs });
}

/** The contract's endings: Completed with the status, Canceled, or Failed with the code of what undid the run. */
function close(run: Run): RunStatus {
  const { ending } = run.data;
  if (ending?.as === 'canceled')
    throw new CancelledFailure('The run was cancelled; the target is as it was before.');
  if (ending?.as === 'failed') {
    const { code, message, next } = ending;
    const undone = run.data.entered ? 'The run was rolled back: the target is as it was before.' : '';
    throw ApplicationFailure.nonRetryable([message, undone, next].join(' '), code, run.record());
  }
  return run.record();
}

/** To the end of the run, or of its history. */
async function goOn(run: Run, input: unknown): Promise<void> {
  try {
    await run.untilEnded();
  } catch (error) {
    if (!(error instanceof HistoryFull)) throw error;
    await handlersDone();
    // Cancelled meanwhile: that stands in this history only.
    if (!run.data.canceled) await continueAsNew<typeof migration>(input, run.data);
  }
}

/**
 * Waits for those who were told something. What came with the same task begins a few turns of the microtask queue later
 * than what we were woken by: it must have begun before it can be waited for, for nothing may be said behind a run's last
 * command.
 */
async function handlersDone(): Promise<void> {
  do {
    await condition(allHandlersFinished);
    for (let turn = 0; turn < turnsOfAHandler; turn++) await Promise.resolve();
  } while (!allHandlersFinished());
}

/** More than lie between the arrival of an update and its handler. */
const turnsOfAHandler = 100;

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
