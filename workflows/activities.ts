import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';

/**
 * For attempts that ended without a word (a dead worker). What an activity reports itself brings its own delay, and is
 * not retryable any more when it has been tried often enough.
 */
const retry = { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '5s' } as const;

/** A dead worker is noticed within this; every activity sends heartbeats, whatever it is busy with. */
const heartbeatTimeout = '10s';

/** What was cancelled is waited for: the next act must not begin while the last one still writes. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Short questions: the longest is a look at every row's count. */
export const ask = proxyActivities<Activities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout,
  cancellationType,
  retry,
});

/** Work that lasts as long as the data is large. Its progress stands in the target, not in its arguments. */
export const work = proxyActivities<Activities>({
  startToCloseTimeout: '30d',
  heartbeatTimeout,
  cancellationType,
  retry,
});
