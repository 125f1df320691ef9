import type { MovedStep } from '../../activities/types.js';
import type { Acts } from '../acts.js';
import { bringInLine, caughtUp, isLeft } from './catch-up.js';
import { complete, refuseErrors, working } from './step-work.js';

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
    // A catch-up that was broken off has left it behind.
    const part = isLeft(data, step) ? await bringInLine(acts, step) : undefined;
    await complete(acts, step);
    if (part) caughtUp(acts, step, part);
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
