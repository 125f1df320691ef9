import type { Client } from 'pg';
import type { RunRef } from '../contract/outline.js';
import type { RunStatus } from '../contract/status.js';
import { readRejectReasons, type RejectReason } from './reject-reasons.js';

/** The JSON report of a run. `version` counts up when a field changes its meaning or goes. */
export interface RunReport {
  readonly version: 1;
  readonly run: string;
  readonly writtenAt: string;
  readonly status: RunStatus;
  /** how the source was read */
  readonly source: {
    readonly rejectReasons: readonly RejectReason[];
    readonly warningReasons: readonly WarningReason[];
  };
  readonly backup: string | null;
}

export interface WarningReason {
  readonly step: string;
  readonly column: string;
  readonly reason: string;
  readonly rows: number;
}

/** Everything the report says, from the run's own tables; no personal data. */
export async function runReport(client: Client, ref: RunRef, status: RunStatus): Promise<RunReport> {
  const { rows } = await client.query<{ backup: string | null }>(
    'select backup from migration.runs where run = $1',
    [ref.run],
  );
  const warnings = await client.query<Omit<WarningReason, 'rows'> & { rows: string }>(
    `select step, column_name as "column", reason, count(*) as rows from migration.warnings
     where run = $1 group by 1, 2, 3 order by 1, 4 desc, 2, 3`,
    [ref.run],
  );
  return {
    version: 1,
    run: ref.run,
    writtenAt: new Date().toISOString(),
    status,
    source: {
      rejectReasons: await readRejectReasons(client, ref.run),
      warningReasons: warnings.rows.map((row) => ({ ...row, rows: Number(row.rows) })),
    },
    backup: rows[0]?.backup ?? null,
  };
}
