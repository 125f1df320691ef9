import { condition } from '@temporalio/workflow';
import type { Control } from './control.js';
import { iso } from './run-book.js';

/**
 * Tells the run when its deadline has passed: a timer, so that the run can still be undone. The deadline may be moved
 * meanwhile. Ends with the scope that it is called in.
 */
export async function watchDeadline(control: Control): Promise<void> {
  const { data } = control;
  for (let left = data.deadlineMs - Date.now(); left > 0; left = data.deadlineMs - Date.now()) {
    const armed = data.deadlineMs;
    await condition(() => data.deadlineMs !== armed, left, { summary: `deadline ${iso(armed)}` });
  }
  control.deadlinePassed();
}
