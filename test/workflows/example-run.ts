import { parseRunInput, type RunInput } from '../../src/contract/input.js';
import type { PlanOutline, StepOutline } from '../../src/contract/outline.js';
import { Control } from '../../workflows/control.js';
import { RunBook } from '../../workflows/run-book.js';
import { newRun, type Order, type RunData } from '../../workflows/run-data.js';
import { register } from '../../workflows/saga.js';

export const start = Date.UTC(2025, 0, 19, 10, 30);
export const hour = 3_600_000;

/**
 * Five steps: `products` stand on `suppliers`, `inventory` on `products`, `price-lists` on `customers`; and price lists
 * look for suppliers, without needing them.
 */
export const outline: PlanOutline = {
  plan: 'nxt',
  title: 'Example',
  steps: [
    stepOutline('customers'),
    stepOutline('suppliers'),
    stepOutline('products', ['suppliers']),
    stepOutline('inventory', ['products'], [], 'inventory_levels'),
    stepOutline('price-lists', ['customers'], ['suppliers'], 'price_lists'),
  ],
};
export type Step = 'customers' | 'suppliers' | 'products' | 'inventory' | 'price-lists';

function stepOutline(
  step: Step,
  dependsOn: readonly Step[] = [],
  looksFor: readonly Step[] = [],
  table: string = step,
): StepOutline {
  return { step, table, label: step, dependsOn, waitsFor: [...dependsOn, ...looksFor] };
}

/** A run as it is when it starts. */
export function startedRun(input: RunInput = {}): RunData {
  const parsed = parseRunInput(input);
  if ('problems' in parsed) throw new Error(parsed.problems.join());
  return newRun(parsed.settings, {
    workflowId: 'migration-example',
    startedAtMs: start,
    deadlineMs: start + 4 * hour,
  });
}

/** A run that is prepared, with nothing moved yet. */
export function preparedRun(input: RunInput = {}): RunData {
  const data = startedRun(input);
  new RunBook(data).setOutline(outline);
  Object.assign(data, { entered: true, prepared: true, phase: 'migrate' });
  return data;
}

/** These steps one after the other, with 100 rows each. */
export function complete(data: RunData, ...steps: readonly Step[]): RunData {
  const book = new RunBook(data);
  for (const step of steps) {
    begin(data, step);
    book.countRows(step, { read: 100, migrated: 100, merged: 0, rejected: 0, warnings: 0 });
    book.endStep(step, 'completed', start);
    const table = data.outline.find((each) => each.step === step)?.table;
    book.checkpoint({ name: `${table}_completed`, at: new Date(start).toISOString() });
  }
  return data;
}

/** The step is half in. */
export function begin(data: RunData, step: Step): RunData {
  register(data, step);
  new RunBook(data).startStep(step, start);
  return data;
}

/** As when it is at work on this. */
export function atWork(data: RunData, order: Order): RunData {
  data.order = order;
  return data;
}

/** Its control, and what of it has been interrupted. */
export function controlled(data: RunData): { control: Control; interrupted: ('acts' | 'moves' | 'order')[] } {
  const interrupted: ('acts' | 'moves' | 'order')[] = [];
  const control = new Control(data, {
    interruptActs: () => interrupted.push('acts'),
    renewMoves: () => interrupted.push('moves'),
    interruptOrder: () => interrupted.push('order'),
  });
  return { control, interrupted };
}
