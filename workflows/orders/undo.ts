import type { Confirmed, SomeRows, StepUndo, UndoneProof } from '../../activities/types.js';
import type { Acts } from '../acts.js';
import { MustHold } from '../failure.js';
import type { UndoOrder } from '../run-data.js';
import { allToUndo, compensated } from '../saga.js';
import { invalidate } from '../gates.js';
import { adopt } from './prepare.js';

/** Undoes steps, or everything, and proves it. What cannot be done throws, and can be asked for again. */
export async function undo(acts: Acts, order: UndoOrder): Promise<void> {
  const { data } = acts.control;
  acts.changed();
  // Only an operator's rollback may touch what another run has left behind.
  if (!data.entered && data.adopt && order.ending?.as === 'rolled-back') await adopt(acts);
  if (data.entered) {
    if (order.fromBackup) await restore(acts, order.confirmChanged);
    else await undoSteps(acts, order.steps === 'all' ? allToUndo(data) : order.steps, confirmedBy(order));
    if (order.steps === 'all') await proveAll(acts, order);
  }
  if (order.steps === 'all' && (data.entered || data.entering))
    await acts.do('closeRun', (ref) => ({ ...ref, state: 'rolled-back' as const }));
  invalidate(data);
  if (order.steps !== 'all') return;
  // Read again: a cancellation that came meanwhile changes how the run ends.
  data.ending = data.order?.do === 'undo' ? data.order.ending : order.ending;
  data.ended = 'rolled-back';
}

/** Children first; then what the steps that stay have drawn from these, and the proof that their tables are as before. */
export async function undoSteps(acts: Acts, steps: readonly string[], confirmed: Confirmed): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  const left = steps.filter((step) => data.compensations.includes(step));
  if (left.length === 0) return;
  if (confirmed !== 'all')
    refuseChanged(await acts.do('previewUndo', (ref) => ({ ...ref, steps: left })), confirmed);
  for (const step of left) {
    book.undoing(step);
    book.work(step, true, Date.now());
    for (let done = false; !done;) {
      const part = await acts.do('undoStep', (ref) => ({ ...ref, step, confirmed }));
      book.countRows(step, part);
      done = part.done;
    }
    compensated(data, step);
    book.undone(step, Date.now());
    acts.changed();
  }
  const kept = data.steps.filter(({ state }) => state === 'completed').map(({ step }) => step);
  if (kept.length === 0) return;
  await acts.do('settleAfterUndo', (ref) => ({ ...ref, undone: steps, kept }));
  const { differences } = await acts.do('proveUndone', (ref) => ({ ...ref, steps }));
  for (const reason of differences) book.note({ by: 'migration', what: 'note', reason }, Date.now());
}

/** Against the fingerprint; where that fails and nobody would lose anything by it, the backup is the second line. */
async function proveAll(acts: Acts, { fromBackup }: UndoOrder): Promise<void> {
  let proof = await acts.do('proveUndone', (ref) => ({ ...ref, steps: null }));
  if (proof.differences.length > 0 && !fromBackup && proof.backup !== null && proof.othersRows === 0) {
    acts.book.note(
      { by: 'migration', what: 'restores the backup', reason: proof.differences.join(' ') },
      Date.now(),
    );
    await restore(acts, false);
    proof = await acts.do('proveUndone', (ref) => ({ ...ref, steps: null }));
  }
  if (proof.differences.length > 0) throw notAsBefore(proof);
}

async function restore(acts: Acts, confirmChanged: boolean): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  await acts.do('restoreTarget', (ref) => ({ ...ref, confirmChanged }));
  for (const step of allToUndo(data)) {
    compensated(data, step);
    book.undone(step, Date.now());
  }
  acts.changed();
}

function notAsBefore({ differences, othersRows, backup }: UndoneProof): MustHold {
  const others = othersRows > 0 ? ` Others have written ${othersRows} rows into these tables since.` : '';
  const next =
    backup === null
      ? 'See who else has written to these tables; then retry. The run has no backup.'
      : `See who else has written to these tables; then retry, or have them restored from the backup ${backup}, which takes away what others have written since: rollback with scope full, fromBackup and confirmChanged.`;
  return new MustHold(
    'ERR_010',
    `The rows of the run are gone, but the target is not what it was: ${differences.join(' ')}${others}`,
    { next },
  );
}

/** A run that is undone because rows were bent takes back just those. */
function confirmedBy({ confirmChanged, ending }: UndoOrder): Confirmed {
  if (confirmChanged) return 'all';
  return ending?.as === 'failed' && ending.code === 'ERR_009' ? 'changed' : 'nothing';
}

/** Throws where somebody has changed rows of the run, or built upon them, since. */
function refuseChanged(undos: readonly StepUndo[], confirmed: Confirmed): void {
  const none = { rows: 0, examples: [] };
  const changes = changesOf(
    undos.map((each) => (confirmed === 'changed' ? { ...each, changed: none } : each)),
  );
  if (changes.length > 0)
    throw new MustHold('ERR_010', changes.join(' '), {
      next: 'Look at these rows; rollback with confirmChanged takes them back all the same.',
    });
}

export function changesOf(undos: readonly StepUndo[]): string[] {
  return undos.flatMap(({ table, changed, builtUpon }) => [
    ...(changed.rows > 0
      ? [
          `${changed.rows} rows of ${table} were changed or deleted by others since the run wrote them (${keys(changed)}).`,
        ]
      : []),
    ...builtUpon.map(
      (upon) =>
        `${upon.rows} rows of ${upon.table} refer to rows of ${table} that would go (${upon.constraint}; ${keys(upon)}).`,
    ),
  ]);
}

export function othersWrote(others: SomeRows): string {
  return `A restore would take away ${others.rows} rows that others have written since (${keys(others)}).`;
}

function keys({ examples, rows }: { readonly examples: readonly string[]; readonly rows: number }): string {
  return `${examples.join(', ')}${rows > examples.length ? ', …' : ''}`;
}
