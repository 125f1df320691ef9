/** The workflow `migration`: one run of a plan, phases 1 to 4. It only wires: see run (phases), run-book (state), hold. */
import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { parseRunInput } from '../src/contract/input.js';
import type { RunStatus } from '../src/contract/status.js';
import { watchDeadline } from './deadline.js';
import { RollbackNeeded } from './rollback-needed.js';
import { Run } from './run.js';
import { RunBook } from './run-book.js';

const statusQuery = defineQuery<RunStatus>('status');
const progressQuery =
  defineQuery<Pick<RunStatus, 'state' | 'phase' | 'rows' | 'errorRate' | 'secondsLeft'>>('progress');
const checkpointsQuery = defineQuery<RunStatus['checkpoints']>('checkpoints');
const retryUpdate = defineUpdate<string>('retry');
const skipValidationUpdate = defineUpdate<string, [{ reason: string; by?: string }]>('skip-validation');

export async function migration(input?: unknown): Promise<RunStatus> {
  const parsed = parseRunInput(input);
  if ('problems' in parsed) throw ApplicationFailure.nonRetryable(parsed.problems.join('\n'), 'ERR_002');
  const { settings } = parsed;
  const { workflowId, startTime } = workflowInfo();
  const book = new RunBook(settings.name ?? workflowId, settings, startTime.getTime());
  const run = new Run(book, settings, {
    run: workflowId,
    plan: settings.plan,
    startedAt: startTime.toISOString(),
  });
  answer(book, run);

  const phases = new CancellationScope();
  const clock = new CancellationScope();
  const watching = clock.run(() => watchDeadline(book, phases)).catch(ignoreCancellation);
  try {
    await phases.run(async () => {
      await run.prepare();
      await run.migrate();
      if (settings.verify) await run.validate();
      await run.finalize();
    });
    return book.status(Date.now());
  } catch (error) {
    const why = book.deadlinePassed ? deadlinePassed(settings.maxDuration) : error;
    if (why instanceof RollbackNeeded) {
      book.fail({ code: why.code, message: why.message, next: why.next }, Date.now());
      await CancellationScope.nonCancellable(() => run.rollBack());
      const message = `${why.message} The run was rolled back: the target is as it was before. ${why.next}`;
      throw ApplicationFailure.nonRetryable(message, why.code, book.status(Date.now()));
    }
    if (isCancellation(why)) await CancellationScope.nonCancellable(() => run.rollBack());
    throw why;
  } finally {
    clock.cancel();
    await watching;
  }
}

function deadlinePassed(maxDuration: string): RollbackNeeded {
  return new RollbackNeeded(
    'ERR_006',
    `The run has passed its time limit of ${maxDuration}.`,
    'Start again with a longer maxDuration.',
  );
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** Queries and updates. */
function answer(book: RunBook, run: Run): void {
  setHandler(statusQuery, () => book.status(Date.now()), {
    description: 'Everything about the run: phase, steps, rows, errors',
  });
  setHandler(
    progressQuery,
    () => {
      const { state, phase, rows, errorRate, secondsLeft } = book.status(Date.now());
      return { state, phase, rows, errorRate, secondsLeft };
    },
    { description: 'The figures of the run only, for polling' },
  );
  setHandler(checkpointsQuery, () => book.checkpoints, {
    description: 'Points that a rollback can go back to',
  });
  setHandler(retryUpdate, () => run.hold.release('retry', {}, Date.now()), {
    description: 'Tries again what holds the run',
    validator: () => run.hold.check('retry'),
  });
  setHandler(
    skipValidationUpdate,
    ({ reason, by }) => run.hold.release('skip-validation', { reason, by }, Date.now()),
    {
      description: 'Passes the gate that holds the run; a reason is required and the run is marked',
      validator: (argument) => {
        if (typeof argument?.reason !== 'string' || argument.reason.trim() === '')
          throw new Error('skip-validation needs a reason: {"reason": "..."}');
        run.hold.check('skip-validation');
      },
    },
  );
}
