import type { CaughtUpStep } from '../../activities/types.js';
import type { Acts } from '../acts.js';
import type { CatchUpOrder, RunData } from '../run-data.js';
import { complete, working } from './step-work.js';

/** Moves what has changed in the source since it was read, parents first; then the run is where it was. */
export async function catchUp(acts: Acts, { steps, from }: CatchUpOrder): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  // Until its turn comes, a step rests on parents that are not as they were.
  for (const step of steps) if (isLeft(data, step)) book.reopen(step);
  for (const step of steps) {
    if (!isLeft(data, step)) continue;
    await working(acts, step, async () => {
      const part = await bringInLine(acts, step);
      if (!part.completed) await complete(acts, step);
      caughtUp(acts, step, part);
      book.endStep(step, 'completed', Date.now());
    });
  }
  const done = data.catchUps?.done ?? [];
  const reason = done.length > 0 ? done.join('; ') : 'nothing had changed';
  book.note({ by: 'migration', what: 'caught up', reason }, Date.now());
  data.phase = from;
  acts.changed();
}

/** The latest catch-up has not come to the end of the step. */
export function isLeft({ catchUps }: Pick<RunData, 'catchUps'>, step: string): boolean {
  return catchUps?.left.includes(step) ?? false;
}

/** One step of the latest catch-up, which is not through before the step is completed again, where that is to be. */
export async function bringInLine(acts: Acts, step: string): Promise<CaughtUpStep> {
  const { book } = acts;
  const { data } = acts.control;
  for (;;) {
    const part = await acts.do('catchUpStep', (ref) => {
      const { batchSizes } = data.settings;
      const { number = 0, left = [] } = data.catchUps ?? {};
      return {
        ...ref,
        step,
        number,
        behind: left.filter((other) => other !== step),
        batchSize: batchSizes?.[step] ?? batchSizes?.['default'] ?? null,
      };
    });
    book.countRows(step, part);
    book.setSource(step, part.source);
    if (part.done) return part;
  }
}

/** The step is through, and complete. */
export function caughtUp(acts: Acts, step: string, part: CaughtUpStep): void {
  const { data } = acts.control;
  const { catchUps } = data;
  acts.book.setDifferences(step, null);
  if (!catchUps) return;
  const left = catchUps.left.filter((other) => other !== step);
  data.catchUps = { ...catchUps, left, done: [...catchUps.done, ...account(tableOf(data, step), part)] };
  acts.changed();
}

/** A line, where there is something to tell. */
function account(table: string, { inserted, updated, deleted, left }: CaughtUpStep): string[] {
  if (inserted + updated + deleted + left === 0) return [];
  const stay = left > 0 ? `, ${left} left as they are (see migration.differences)` : '';
  return [`${table}: ${inserted} inserted, ${updated} updated, ${deleted} deleted${stay}`];
}

function tableOf({ steps }: Pick<RunData, 'steps'>, step: string): string {
  return steps.find((each) => each.step === step)?.table ?? step;
}
