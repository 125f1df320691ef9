import type { WorkflowExecutionStatusName } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { parseReport, type ActivityReport } from '../contract/activity-report.js';
import type { RunHandle } from './runs.js';

/** An activity that has been asked for and has not ended. */
export interface PendingActivity {
  readonly name: string;
  /** 1 for the first */
  readonly attempt: number;
  /** how far it is by its last heartbeat; null before the first */
  readonly progress: ActivityReport | null;
  /** why the attempt before failed; null in the first */
  readonly lastFailure: string | null;
}

/** The run as Temporal itself sees it: known also while no worker answers. */
export interface RunDescription {
  readonly state: WorkflowExecutionStatusName;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  readonly pending: readonly PendingActivity[];
}

export async function describeRun(handle: RunHandle): Promise<RunDescription> {
  const description = await handle.describe();
  const converter = handle.client.options.loadedDataConverter;
  const pending = (description.raw.pendingActivities ?? []).map(
    async (activity): Promise<PendingActivity> => {
      const [details] = await decodeArrayFromPayloads(converter, activity.heartbeatDetails?.payloads);
      return {
        name: activity.activityType?.name ?? 'unknown',
        attempt: activity.attempt ?? 1,
        progress: parseReport(details) ?? null,
        lastFailure: activity.lastFailure?.message ?? null,
      };
    },
  );
  return {
    state: description.status.name,
    startedAt: description.startTime,
    closedAt: description.closeTime ?? null,
    pending: await Promise.all(pending),
  };
}
