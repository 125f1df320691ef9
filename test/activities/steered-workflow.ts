import {
  ActivityCancellationType,
  CancellationScope,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { ActivityReport, Steering } from '../../src/contract/activity-report.js';
import { reportQuery } from '../../src/contract/names.js';

/** What the workflow says it wants; `cancel`: and cancels its activity, as a run does. */
export interface Wish {
  readonly steering: Steering;
  readonly cancel: boolean;
}

export interface SteeredEnd {
  readonly how: 'answered' | 'cancelled' | 'failed';
  readonly answer: unknown;
  readonly reports: readonly ActivityReport[];
}

export const wish = defineSignal<[Wish]>('wish');

const { act } = proxyActivities<{ act: (how: string) => Promise<unknown> }>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { maximumAttempts: 1 },
});

/** Runs its activity, and steers it as its operator wishes. */
export async function steered(how: string): Promise<SteeredEnd> {
  const reports: ActivityReport[] = [];
  let steering: Steering = 'go';
  const scope = new CancellationScope();
  setHandler(defineQuery<Steering, [ActivityReport]>(reportQuery), (report) => {
    reports.push(report);
    return steering;
  });
  setHandler(wish, (wanted) => {
    ({ steering } = wanted);
    if (wanted.cancel) scope.cancel();
  });
  try {
    const answer = await scope.run(() => act(how));
    return { how: 'answered', answer, reports };
  } catch (error) {
    const answer = error instanceof Error ? (error.cause ?? error) : error;
    return { how: isCancellation(error) ? 'cancelled' : 'failed', answer: String(answer), reports };
  }
}
