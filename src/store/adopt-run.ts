import type { Client } from 'pg';
import type { RunRef } from '../contract/outline.js';
import type { Checkpoint, RowCounts } from '../contract/status.js';
import { hasBegun } from './runs.js';

/** A run as its own tables tell it, for a workflow that goes on with it. */
export interface StoredRun {
  readonly plan: string;
  /** workflow id of who works on it, if anybody does */
  readonly worker: string;
  readonly fingerprinted: boolean;
  readonly backedUp: boolean;
  /** in its order */
  readonly steps: readonly StoredStep[];
  readonly checkpoints: readonly Checkpoint[];
}

export interface StoredStep extends RowCounts {
  readonly step: string;
  /** `running`: begun and not completed */
  readonly state: 'pending' | 'running' | 'completed' | 'rolled-back';
  readonly source: number | null;
  readonly warnings: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** The run, if it is open; undefined when there is none of that name and start, or it has closed. */
export async function readOpenRun(client: Client, ref: RunRef): Promise<StoredRun | undefined> {
  const { rows } = await client.query<Omit<StoredRun, 'steps' | 'checkpoints'>>(
    `select plan, coalesce(continued_by, run) as worker, fingerprint is not null as fingerprinted,
       backup is not null as "backedUp"
     from migration.runs where run = $1 and started_at = $2 and ended_at is null`,
    [ref.run, ref.startedAt],
  );
  const [run] = rows;
  return (
    run && {
      ...run,
      steps: await readSteps(client, ref.run),
      checkpoints: await readCheckpoints(client, ref.run),
    }
  );
}

/**
 * Enters the workflow `by` as the one that works on the run, unless another has done so since `worker` was read. May be
 * called again.
 */
export async function enterWorker(client: Client, ref: RunRef, worker: string, by: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `update migration.runs set continued_by = $4, state = 'running'
     where run = $1 and started_at = $2 and ended_at is null and coalesce(continued_by, run) = $3`,
    [ref.run, ref.startedAt, worker, by],
  );
  return rowCount === 1;
}

type Count = keyof RowCounts | 'warnings';
type StepRow = Record<Count, string> &
  Pick<StoredStep, 'step' | 'state'> & {
    source: string | null;
    startedAt: Date | null;
    endedAt: Date | null;
  };

async function readSteps(client: Client, run: string): Promise<StoredStep[]> {
  const { rows } = await client.query<StepRow>(
    `select s.step, s.source, s.read, s.migrated, s.merged, s.rejected,
       (select count(*) from migration.warnings w where w.run = s.run and w.step = s.step) as warnings,
       case when s.state in ('completed', 'rolled-back') then s.state
         when ${hasBegun} then 'running' else 'pending' end as state,
       s.started_at as "startedAt", s.ended_at as "endedAt"
     from migration.steps s where s.run = $1 order by s.position`,
    [run],
  );
  return rows.map((row) => ({
    step: row.step,
    state: row.state,
    source: row.source === null ? null : Number(row.source),
    read: Number(row.read),
    migrated: Number(row.migrated),
    merged: Number(row.merged),
    rejected: Number(row.rejected),
    warnings: Number(row.warnings),
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
  }));
}

async function readCheckpoints(client: Client, run: string): Promise<Checkpoint[]> {
  const { rows } = await client.query<{ name: string; at: Date }>(
    'select name, at from migration.checkpoints where run = $1 order by at, name',
    [run],
  );
  return rows.map(({ name, at }) => ({ name, at: at.toISOString() }));
}
