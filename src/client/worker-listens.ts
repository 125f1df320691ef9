import proto from '@temporalio/proto';
import type { TemporalDoor } from './connect-temporal.js';

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** Whether a worker has asked our task queue for work since then. */
export async function workerListens({ client, taskQueue }: TemporalDoor, since: Date): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  const seconds = Math.floor(since.getTime() / 1000);
  return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) >= seconds);
}
