import type { TemporalDoor } from '../client/connect-temporal.js';
import { workerListens } from '../client/worker-listens.js';
import { pause } from './interruption.js';

const patienceMs = 60_000;

/**
 * Waits until a worker that was started after `since` asks the task queue for work.
 *
 * @throws Error when none does within a minute; the signal's reason when it is aborted
 */
export async function waitForWorker(temporal: TemporalDoor, since: Date, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (await workerListens(temporal, since)) return;
    await pause(100, signal);
  }
  throw new Error(
    `No worker asked the task queue ${temporal.taskQueue} for work within ${patienceMs / 1000} s.`,
  );
}
