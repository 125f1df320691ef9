import proto from '@temporalio/proto';
import type { TemporalDoor } from '../client/connect-temporal.js';
import { pause } from './interruption.js';

const patienceMs = 60_000;
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/**
 * Waits until a worker that was started after `since` asks the task queue for work.
 *
 * @throws Error when none does within a minute; the signal's reason when it is aborted
 */
export async function waitForWorker(temporal: TemporalDoor, since: Date, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + patienceMs;
  const { client, taskQueue } = temporal;
  while (Date.now() < deadline) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    });
    const listening = (pollers ?? []).some(
      ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) >= Math.floor(since.getTime() / 1000),
    );
    if (listening) return;
    await pause(100, signal);
  }
  throw new Error(`No worker asked the task queue ${taskQueue} for work within ${patienceMs / 1000} s.`);
}
