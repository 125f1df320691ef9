import { z } from 'zod';
import { pressureKinds, pressureServers, type RowCounts, type Throttle } from './status.js';

/** How far an activity is. Told to Temporal by heartbeat, and to the run by the query `activity-report`. */
export interface ActivityReport {
  /** of the activity, in its run */
  readonly id: string;
  /** the activity's type, such as `moveStep` */
  readonly activity: string;
  /** the step it works on; null for what concerns the whole run */
  readonly step: string | null;
  /** rows, tables or objects that are done, as the activity counts them */
  readonly done: number;
  readonly of: number | null;
  /** the step's figures as they stand in the target, from an activity that changes them */
  readonly counts?: RowCounts & { readonly warnings: number };
  /** of this attempt */
  readonly rowsPerSecond?: number;
  /** what slows it at this moment; null or left out when nothing does */
  readonly throttle?: Throttle | null;
}

/**
 * What the run wants of its activities at this moment. `go`: on with it. `pause`: commit what is in hand, then end.
 * `stop`: drop what is in hand and end.
 */
export type Steering = 'go' | 'pause' | 'stop';

const count = z.number().min(0);
const reportSchema: z.ZodType<ActivityReport> = z.object({
  id: z.string(),
  activity: z.string(),
  step: z.string().nullable(),
  done: count,
  of: count.nullable(),
  counts: z
    .object({ read: count, migrated: count, merged: count, rejected: count, warnings: count })
    .exactOptional(),
  rowsPerSecond: count.exactOptional(),
  throttle: z
    .object({
      server: z.enum(pressureServers),
      what: z.enum(pressureKinds),
      reason: z.string(),
      since: z.string(),
    })
    .nullable()
    .exactOptional(),
});

/** Undefined for what is no report: anyone can send a query. */
export function parseReport(given: unknown): ActivityReport | undefined {
  return reportSchema.safeParse(given).data;
}
