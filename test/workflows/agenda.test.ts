import { describe, expect, it } from 'vitest';
import { nextOrder } from '../../workflows/agenda.js';
import { undoAll } from '../../workflows/control.js';
import { RunBook } from '../../workflows/run-book.js';
import { begin, complete, preparedRun, start, startedRun } from './example-run.js';

const everyStep = ['customers', 'suppliers', 'products', 'inventory', 'price-lists'] as const;

describe('what a run does next', () => {
  it('prepares first, in both modes', () => {
    expect(nextOrder(startedRun())).toEqual({ do: 'prepare' });
    expect(nextOrder(startedRun({ mode: 'stepwise' }))).toEqual({ do: 'prepare' });
  });

  it('walks the steps in the order of the plan, then validates, then finalizes', () => {
    const data = preparedRun();
    for (const step of everyStep) {
      expect(nextOrder(data)).toEqual({ do: 'step', step });
      complete(data, step);
    }
    expect(nextOrder(data)).toEqual({ do: 'validate' });
    data.validated = true;
    expect(nextOrder(data)).toEqual({ do: 'finalize' });
  });

  it('does not validate a run that is not to be verified', () => {
    expect(nextOrder(complete(preparedRun({ verify: false }), ...everyStep))).toEqual({ do: 'finalize' });
  });

  it('goes on with what is half in, and begins what was rolled back anew', () => {
    const data = begin(complete(preparedRun(), 'customers'), 'suppliers');
    expect(nextOrder(data)).toEqual({ do: 'step', step: 'suppliers' });
    new RunBook(data).undone('customers', start);
    expect(nextOrder(data)).toEqual({ do: 'step', step: 'customers' });
  });

  it('waits for orders in stepwise mode', () => {
    expect(nextOrder(preparedRun({ mode: 'stepwise' }))).toBeUndefined();
  });

  it('takes what an operator has asked for before what it would do itself, in the order of the asking', () => {
    const data = preparedRun();
    data.queue.push({ do: 'retry', steps: ['customers'], coerceTypes: false }, { do: 'validate' });
    expect(nextOrder(data)?.do).toBe('retry');
    expect(nextOrder(data)?.do).toBe('validate');
    expect(nextOrder(data)).toEqual({ do: 'step', step: 'customers' });
  });

  it('takes an undo before it is prepared', () => {
    const data = startedRun();
    data.queue.push(undoAll({ as: 'rolled-back' }));
    expect(nextOrder(data)?.do).toBe('undo');
  });

  it('does nothing while an order is held, and keeps what is asked for', () => {
    const data = preparedRun();
    data.held = { order: { do: 'validate' }, reason: 'rows fail', code: 'ERR_003', helps: [], gate: null };
    data.queue.push({ do: 'finish' });
    expect(nextOrder(data)).toBeUndefined();
    expect(data.queue).toEqual([{ do: 'finish' }]);
  });

  it('does nothing after its end', () => {
    expect(nextOrder({ ...preparedRun(), ended: 'rolled-back' })).toBeUndefined();
  });
});
