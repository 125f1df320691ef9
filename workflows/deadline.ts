import { CancellationScope, sleep } from '@temporalio/workflow';
import type { RunBook } from './run-book.js';

/**
 * Cancels `scope` when the run's deadline has passed: a timer, so that the run can still be undone. Ends with the scope
 * that it is called in.
 */
export async function watchDeadline(book: RunBook, scope: CancellationScope): Promise<void> {
  for (let left = book.deadlineMs - Date.now(); left > 0; left = book.deadlineMs - Date.now())
    await sleep(left, { summary: `deadline ${new Date(book.deadlineMs).toISOString()}` });
  book.deadlinePassed = true;
  scope.cancel();
}
