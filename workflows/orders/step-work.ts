import type { ErrorCount, StepCounts } from '../../activities/types.js';
import type { Acts } from '../acts.js';
import { activityError, RollbackNeeded } from '../failure.js';
import { invalidate } from '../gates.js';
import { register } from '../saga.js';

/** What can only be done when all rows of the step are in, or in line; too many rejects undo the run instead. */
export async function complete(acts: Acts, step: string): Promise<void> {
  const { book } = acts;
  judge(acts, step);
  const { checkpoint, at, ...counts } = await acts.do('completeStep', (ref) => ({ ...ref, step }));
  book.countRows(step, counts);
  book.checkpoint({ name: checkpoint, at });
}

/** Registers the undo of the step before it acts, and keeps its figures whatever comes. */
export async function working(acts: Acts, step: string, work: () => Promise<void>): Promise<void> {
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

/** Throws `RollbackNeeded` at the first. */
export function refuseErrors(acts: Acts, [first]: readonly ErrorCount[]): void {
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
