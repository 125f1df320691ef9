/** Live figures of a run, straight from the target: what is committed, also while no worker answers. */
import { type ClientBase, DatabaseError, type Pool } from 'pg';
import type { RowCounts, RunStatus, StepStatus } from '../contract/status.js';
import { databaseError } from './postgres-errors.js';

export interface StepProgress extends RowCounts {
  readonly step: string;
  /** rows in the legacy tables; null before the step began */
  readonly source: number | null;
  readonly warnings: number;
  /** rows read whose chunk has been compared with the source */
  readonly verified: number;
}

type Count = 'read' | 'migrated' | 'merged' | 'rejected' | 'warnings' | 'verified';
type ProgressRow = Record<Count, string> & { step: string; source: string | null };

const progressOfSteps = `
  select s.step, s.source, s.read, s.migrated, s.merged, s.rejected, s.warnings, coalesce(v.rows, 0) as verified
  from migration.steps s
  left join (
    select step, sum(read) as rows from migration.chunks where run = $1 and verified_at is not null group by step
  ) v using (step)
  where s.run = $1
  order by s.position`;

/** PostgreSQL's states for a table and a schema that do not exist. */
const notThereYet = new Set(['42P01', '3F000']);

/**
 * Rows of each step in the plan's order, as committed at this moment. Empty as long as the run has not entered itself
 * into the target.
 *
 * @param run workflow id
 * @throws MigrationError when the target cannot be reached
 */
export async function readStepProgress(db: Pool | ClientBase, run: string): Promise<StepProgress[]> {
  try {
    const { rows } = await db.query<ProgressRow>(progressOfSteps, [run]);
    return rows.map((row) => ({
      step: row.step,
      source: row.source === null ? null : Number(row.source),
      read: Number(row.read),
      migrated: Number(row.migrated),
      merged: Number(row.merged),
      rejected: Number(row.rejected),
      warnings: Number(row.warnings),
      verified: Number(row.verified),
    }));
  } catch (error) {
    if (error instanceof DatabaseError && notThereYet.has(error.code ?? '')) return [];
    throw databaseError(error, 'target');
  }
}

/** The status with the rows of the steps at work as they are committed now; totals and error rate follow. */
export function withProgress(status: RunStatus, progress: readonly StepProgress[]): RunStatus {
  const steps = status.steps.map((step): StepStatus => {
    const now = progress.find((candidate) => candidate.step === step.step);
    if (!now || step.state === 'completed' || step.state === 'rolled-back') return step;
    const { read, migrated, merged, rejected, warnings } = now;
    return { ...step, source: step.source ?? now.source, read, migrated, merged, rejected, warnings };
  });
  const rows = { read: 0, migrated: 0, merged: 0, rejected: 0 };
  for (const step of steps)
    for (const count of ['read', 'migrated', 'merged', 'rejected'] as const) rows[count] += step[count];
  return { ...status, steps, rows, errorRate: rows.read === 0 ? 0 : rows.rejected / rows.read };
}
