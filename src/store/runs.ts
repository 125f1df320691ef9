import pg, { type Client } from 'pg';
import type { RunSettings } from '../contract/input.js';
import { MigrationError } from '../contract/errors.js';
import type { RunRef } from '../contract/outline.js';
import type { RowCounts, RunState } from '../contract/status.js';
import type { Entity } from '../plan/model.js';
import { migrateStore } from './migrate-store.js';
import { inTransaction } from './transaction.js';

/** A run whose row is open. */
export interface OpenRun extends RunRef {
  readonly name: string;
  /** steps that it has begun, in its order */
  readonly steps: readonly string[];
  /** rows that it has inserted */
  readonly rows: number;
  /** workflow id of who works on it, if anybody does */
  readonly worker: string;
}

/** Of a row `s` of step_states. Objects of its table come off before the step is entered as running. */
export const hasBegun = `(s.state not in ('pending', 'rolled-back') or exists (
  select 1 from migration.deferred_objects d
  where d.run = s.run and d.target_table = s.target_table and d.rebuilt_at is null))`;

/** The run that is open on this target and that this execution has not entered; undefined when there is none. */
export async function otherOpenRun(client: Client, ref: RunRef): Promise<OpenRun | undefined> {
  if (!(await isStoreThere(client))) return undefined;
  // One that was left behind may be of an earlier version.
  await migrateStore(client);
  const { rows } = await client.query<
    Omit<OpenRun, 'startedAt' | 'rows'> & { startedAt: Date; rows: string }
  >(
    `select r.run, r.name, r.plan, r.started_at as "startedAt", coalesce(r.continued_by, r.run) as worker,
       (select coalesce(sum(migrated), 0) from migration.chunks c where c.run = r.run) as rows,
       coalesce((select array_agg(s.step order by s.position) from migration.step_states s
         where s.run = r.run and ${hasBegun}), '{}') as steps
     from migration.runs r where r.ended_at is null and (
       not (r.run = $1 and r.started_at = $2)
       -- Our own, begun already: Temporal has set the workflow back to its beginning.
       or exists (select from migration.step_states s where s.run = r.run and ${hasBegun}))`,
    [ref.run, ref.startedAt],
  );
  const [open] = rows;
  return open && { ...open, startedAt: open.startedAt.toISOString(), rows: Number(open.rows) };
}

/**
 * Enters a run and its steps. May be called again for the same run. Another open run of this target is named in the
 * refusal, also when two start in the same instant: a unique index decides.
 */
export async function enterRun(
  client: Client,
  ref: RunRef,
  name: string,
  settings: RunSettings,
  entities: readonly Entity[],
): Promise<void> {
  try {
    await inTransaction(client, async () => {
      await client.query(
        `insert into migration.runs (run, name, plan, mode, state, started_at, input)
         values ($1, $2, $3, $4, 'running', $5, $6) on conflict (run) do nothing`,
        [ref.run, name, ref.plan, settings.mode, ref.startedAt, settings],
      );
      for (const [position, entity] of entities.entries())
        await client.query(
          `insert into migration.step_states (run, step, position, target_table, state)
           values ($1, $2, $3, $4, 'pending') on conflict do nothing`,
          [ref.run, entity.step, position, entity.table],
        );
    });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.constraint === 'runs_one_open')) throw error;
    const { rows } = await client.query<{ run: string; name: string }>(
      'select run, name from migration.runs where ended_at is null',
    );
    const open = rows[0];
    throw new MigrationError(
      'ERR_002',
      `The run ${open?.run ?? ''} (${open?.name ?? ''}) is open on this target.`,
      {
        next: `Let it end, or cancel it: temporal workflow cancel --workflow-id ${open?.run ?? '...'}`,
      },
    );
  }
  const { rows } = await client.query<{ ours: boolean }>(
    'select ended_at is null and started_at = $2 as ours from migration.runs where run = $1',
    [ref.run, ref.startedAt],
  );
  if (!rows[0]?.ours)
    throw new MigrationError('ERR_002', `A run ${ref.run} has been on this target before.`, {
      next: 'Start the run under another workflow id.',
    });
}

/** Closes the run's row, if this execution has come to make one. */
export async function closeRunRow(client: Client, ref: RunRef, state: RunState): Promise<void> {
  if (!(await isStoreThere(client))) return;
  await client.query(
    'update migration.runs set state = $3, ended_at = coalesce(ended_at, now()) where run = $1 and started_at = $2',
    [ref.run, ref.startedAt, state],
  );
}

export async function completeStepRow(client: Client, run: string, step: string): Promise<void> {
  await client.query(
    "update migration.step_states set state = 'completed', ended_at = now() where run = $1 and step = $2",
    [run, step],
  );
}

/** What is in at this moment: of a step, and of the run as a whole. */
export interface CommittedRows {
  readonly step: RowCounts & { readonly warnings: number };
  readonly run: { readonly read: number; readonly rejected: number };
}

/** Summed from the chunks, in one look; without the warnings that belong to no chunk. */
export async function committedRows(client: Client, run: string, step: string): Promise<CommittedRows> {
  const { rows } = await client.query<
    Record<keyof RowCounts | 'warnings' | 'allRead' | 'allRejected', string>
  >(
    `select
       coalesce(sum(read) filter (where step = $2), 0) as read,
       coalesce(sum(migrated) filter (where step = $2), 0) as migrated,
       coalesce(sum(merged) filter (where step = $2), 0) as merged,
       coalesce(sum(rejected) filter (where step = $2), 0) as rejected,
       coalesce(sum(warnings) filter (where step = $2), 0) as warnings,
       coalesce(sum(read), 0) as "allRead",
       coalesce(sum(rejected), 0) as "allRejected"
     from migration.chunks where run = $1`,
    [run, step],
  );
  const [row] = rows;
  if (!row) throw new Error('a sum without a group has one row');
  return {
    step: {
      read: Number(row.read),
      migrated: Number(row.migrated),
      merged: Number(row.merged),
      rejected: Number(row.rejected),
      warnings: Number(row.warnings),
    },
    run: { read: Number(row.allRead), rejected: Number(row.allRejected) },
  };
}

/** Counters of a step, summed from the chunks that are in. */
export async function stepCounts(
  client: Client,
  run: string,
  step: string,
): Promise<{ read: number; migrated: number; merged: number; rejected: number; warnings: number }> {
  const { rows } = await client.query<
    Record<'read' | 'migrated' | 'merged' | 'rejected' | 'warnings', string>
  >(
    `select read, migrated, merged, rejected,
       (select count(*) from migration.warnings w where w.run = s.run and w.step = s.step) as warnings
     from migration.steps s where run = $1 and step = $2`,
    [run, step],
  );
  const row = rows[0];
  if (!row) throw new Error(`the run ${run} has no step ${step}`);
  return {
    read: Number(row.read),
    migrated: Number(row.migrated),
    merged: Number(row.merged),
    rejected: Number(row.rejected),
    warnings: Number(row.warnings),
  };
}

/** Rows of the step's legacy tables when they were last counted. */
export async function sourceRows(client: Client, run: string, step: string): Promise<number> {
  const { rows } = await client.query<{ source: string }>(
    'select coalesce(source, 0) as source from migration.step_states where run = $1 and step = $2',
    [run, step],
  );
  return Number(rows[0]?.source ?? 0);
}

async function isStoreThere(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ known: boolean }>(
    "select to_regclass('migration.runs') is not null as known",
  );
  return rows[0]?.known ?? false;
}
