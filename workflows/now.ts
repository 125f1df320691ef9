import { workflowInfo } from '@temporalio/workflow';

/**
 * The time of whoever asks, for answers of queries only. The workflow's own clock stands still between its tasks, so that
 * the time left would look better than it is; where tests skip time, it is ahead of the machine's.
 */
export function now(): number {
  return Math.max(Date.now(), workflowInfo().unsafe.now());
}
