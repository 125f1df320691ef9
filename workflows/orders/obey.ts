import type { Acts } from '../acts.js';
import type { Order } from '../run-data.js';
import { catchUp } from './catch-up.js';
import { finalize, finish } from './finalize.js';
import { moveStep, retryRejects } from './move.js';
import { prepare } from './prepare.js';
import { undo } from './undo.js';
import { validate } from './validate.js';

/** Throws what it could not do: see `giveUp` for what becomes of the order then. */
export function obey(acts: Acts, order: Order): Promise<void> {
  switch (order.do) {
    case 'prepare':
      return prepare(acts);
    case 'step':
      return moveStep(acts, order.step);
    case 'retry':
      return retryRejects(acts, order.steps, order.coerceTypes);
    case 'catch-up':
      return catchUp(acts, order);
    case 'validate':
      return validate(acts);
    case 'finalize':
      return finalize(acts);
    case 'finish':
      return finish(acts);
    case 'undo':
      return undo(acts, order);
  }
}
