import type { ErrorCount, MovedStep, StepCounts } from '../../activities/types.js';
import type { Acts } from '../acts.js';
import { activityError, RollbackNeeded } from '../failure.js';
import { register } from '../saga.js';
import { invalidate } from '../gates.js';

/** Phase 2, one step: its ranges side by side, then what can only be done when all rows are in. */
export async function moveStep(acts: Acts, step: string): Promise<void> {
  await working(acts, step, async () => {
    const { book } = acts;
    const { data } = acts.control;
    const { source, ranges } = await acts.do('surveyStep', (ref) => ({ ...ref, step }));
    book.setSource(step, source);
    acts.changed();
    for (let done = false; !done;) {
      const lanes = Math.max(1, Math.min(data.settings.parallel, data.parallel, ranges));
      const moved = await acts.sideBySide(
        Array.from({ length: lanes }, (_, lane) => () => moveLane(acts, step, lane)),
      );
      refuseErrors(
        acts,
        moved.flatMap(({ tooManyErrors }) => tooManyErrors ?? []),
      );
      done = moved.every((part) => part.done);
    }
    await complete(acts, step);
    book.endStep(step, 'completed', Date.now());
  });
}

/** Moves the quarantined rows of steps again, parents first; those that pass now leave the quarantine. */
export async function retryRejects(
  acts: Acts,
  steps: readonly string[],
  coerceTypes: boolean,
): Promise<void> {
  const { book } = acts;
  for (const step of steps) {
    let moved = 0;
    // Not complete again before its links are made: it is half in until then, for a finish too.
    await working(acts, step, async () => {
      for (let done = false; !done;) {
        const part = await acts.do('retryRejects', (ref) => ({ ...ref, step, coerceTypes }));
        book.countRows(step, part);
        moved += part.moved;
        done = part.done;
      }
      await complete(acts, step);
      book.endStep(step, 'completed', Date.now());
    });
    const reason = `${moved} rows of ${step} have left the quarantine, ${book.rowsOf(step).rejected} are in it`;
    book.note({ by: 'migration', what: 'retried', reason }, Date.now());
    acts.changed();
  }
}

/** One of the lanes of a step: whatever interrupts it, the figures are those that it leaves. */
async function moveLane(acts: Acts, step: string, lane: number): Promise<MovedStep> {
  const { data } = acts.control;
  const moved = await acts.do('moveStep', (ref) => {
    const { batchSizes, maxErrorRate, minErrorSample } = data.settings;
    return {
      ...ref,
      step,
      lane,
      batchSize: batchSizes?.[step] ?? batchSizes?.['default'] ?? null,
      timeoutMs: data.lockTimeoutMs,
      limit: { maxErrorRate, minErrorSample },
    };
  });
  acts.book.countRows(step, moved);
  acts.changed();
  return moved;
}

async function complete(acts: Acts, step: string): Promise<void> {
  const { book } = acts;
  judge(acts, step);
  const { checkpoint, at, ...counts } = await acts.do('completeStep', (ref) => ({ ...ref, step }));
  book.countRows(step, counts);
  book.checkpoint({ name: checkpoint, at });
}

/** Registers the undo of the step before it acts, and keeps its figures whatever comes. */
async function working(acts: Acts, step: string, work: () => Promise<void>): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  data.phase = 'migrate';
  invalidate(data);
  register(data, step);
  book.startStep(step, Date.now());
  book.work(step, true, Date.now());
  acts.changed();
  try {
    await work();
  } catch (error) {
    const failure = activityError(error);
    if (failure?.counts) book.countRows(step, failure.counts);
    if (failure) book.endStep(step, 'failed', Date.now());
    throw error;
  } finally {
    book.work(step, false, Date.now());
    book.rate(step, Date.now());
    acts.changed();
  }
}

/** At the end of a step, its own error rate and that of the run; and an alert, once, where it is only worth one. */
function judge(acts: Acts, step: string): void {
  const { book } = acts;
  const { maxErrorRate, alertErrorRate } = acts.control.data.settings;
  const looked: readonly ErrorCount[] = [
    { what: step, ...errorsOf(book.rowsOf(step)) },
    { what: 'the run', ...errorsOf(book.rows) },
  ];
  refuseErrors(
    acts,
    looked.filter(({ read, rejected }) => read > 0 && rejected / read > maxErrorRate),
  );
  const { read, rejected } = book.rowsOf(step);
  if (read === 0 || rejected / read <= alertErrorRate) return;
  const reason = `${rejected} of ${read} rows of ${step} were rejected (${percent(rejected / read)}; an alert from ${percent(alertErrorRate)} on)`;
  book.note({ by: 'migration', what: 'alert', reason }, Date.now());
}

function errorsOf({ read, rejected }: Pick<StepCounts, 'read' | 'rejected'>): {
  read: number;
  rejected: number;
} {
  return { read, rejected };
}

function refuseErrors(acts: Acts, [first]: readonly ErrorCount[]): void {
  if (!first) return;
  const { maxErrorRate } = acts.control.data.settings;
  const { what, read, rejected } = first;
  throw new RollbackNeeded(
    'ERR_003',
    `${rejected} of ${read} rows of ${what} were rejected (${percent(rejected / read)}; ${percent(maxErrorRate)} is the limit).`,
    'See migration.rejects for the reasons; mend the source or raise maxErrorRate, then start again.',
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
