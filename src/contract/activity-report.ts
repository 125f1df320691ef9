import type { RowCounts } from './status.js';

/** How far an activity is. Told to Temporal by heartbeat, and to the run by the query `activity-report`. */
export interface ActivityReport {
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
}

/**
 * What the run wants of its activities at this moment. `go`: on with it. `pause`: commit what is in hand, then end.
 * `stop`: drop what is in hand and end.
 */
export type Steering = 'go' | 'pause' | 'stop';
