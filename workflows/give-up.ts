/** What becomes of a run when an order could not be obeyed. Plain and synchronous, like the rest of the state machine. */
import { TemporalFailure } from '@temporalio/common';
import type { UpdateName } from '../src/contract/names.js';
import type { Control } from './control.js';
import { causeOf, HistoryFull, MustHold, RollbackNeeded, type ActivityError, type Cause } from './failure.js';
import { validationGate } from './gates.js';
import type { RunBook } from './run-book.js';
import type { Ending, Held, Order, RunData } from './run-data.js';

/** Failures that no retry cures and that must not stand: the run undoes itself. */
const undoneByItself = new Set(['ERR_007', 'ERR_009']);

/**
 * What ended an order: says true when that is settled, false for a fault that nobody here knows how to answer.
 *
 * @param interrupted another order was to come first, and comes now
 */
export function endOrder(
  run: { readonly control: Control; readonly book: RunBook },
  order: Order,
  error: unknown,
  how: { readonly interrupted: boolean; readonly nowMs: number },
): boolean {
  const { data } = run.control;
  data.order = null;
  const cause = causeOf(error);
  if (cause) {
    giveUp(run, order, cause, how);
    return true;
  }
  // Gone on with in the new history, unless something comes before it there.
  if (error instanceof HistoryFull && !how.interrupted) data.queue.unshift(order);
  return how.interrupted && error instanceof TemporalFailure;
}

/**
 * Holds the order for an operator, or undoes the run where it must not stand.
 *
 * @param interrupted another order was to come first, and comes now: then nobody has to be waited for
 */
export function giveUp(
  { control, book }: { readonly control: Control; readonly book: RunBook },
  order: Order,
  cause: Cause,
  { interrupted, nowMs }: { readonly interrupted: boolean; readonly nowMs: number },
): void {
  const { data } = control;
  data.order = null;
  const ending = endingOf(order, cause);
  if (ending) {
    book.fail(ending, nowMs);
    control.undoByItself(ending);
    return;
  }
  if (cause instanceof RollbackNeeded || interrupted) return;
  data.held = heldBy(data, order, cause);
  data.walking = false;
  book.fail({ code: cause.code, message: data.held.reason, next: cause.next }, nowMs);
  // What came when it could not be obeyed, because the run was just being closed.
  if (data.canceled) control.cancel();
  else if (nowMs >= data.deadlineMs) control.deadlinePassed();
}

function endingOf(order: Order, cause: Cause): (Ending & { readonly as: 'failed' }) | undefined {
  if (cause instanceof RollbackNeeded) return cause.ending;
  if (cause instanceof MustHold || order.do === 'undo' || order.do === 'prepare') return undefined;
  if (!undoneByItself.has(cause.code)) return undefined;
  const { code, message, next } = cause;
  return { as: 'failed', code, message, next };
}

function heldBy(data: RunData, order: Order, cause: MustHold | ActivityError): Held {
  const { code, message } = cause;
  if (order.do === 'undo') {
    const undone = data.steps.filter(({ state }) => state === 'rolled-back').map(({ step }) => step);
    const left = data.compensations.toReversed();
    const account = `The rollback is not complete. Undone: ${undone.join(', ') || 'nothing'}. Not undone: ${left.join(', ') || 'no step'}. `;
    const helps: UpdateName[] = ['retry', 'rollback'];
    // An undo of some tables can be given up.
    if (order.steps !== 'all') helps.push('run-step');
    return { order, reason: account + message, code, gate: null, helps };
  }
  const { gate, skippable } = cause instanceof MustHold ? cause : { gate: null, skippable: false };
  const helps: UpdateName[] = ['retry', 'rollback'];
  if (skippable) helps.splice(1, 0, 'skip-validation');
  if (gate === validationGate) helps.splice(1, 0, 'catch-up');
  if (data.prepared) helps.push('finish');
  return { order, reason: message, code, gate, helps };
}
