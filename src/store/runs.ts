import pg, { type Client } from 'pg';
import type { RunSettings } from '../contract/input.js';
import { MigrationError } from '../contract/errors.js';
import type { RunRef } from '../contract/outline.js';
import type { RunState } from '../contract/status.js';
import type { Entity } from '../plan/model.js';
import { inTransaction } from './transaction.js';

/** A run whose row is open, with the steps that it has begun, in its order. */
export interface OpenRun extends RunRef {
  readonly name: string;
  readonly steps: readonly string[];
}

/** The run that is open on this target and is not this execution; undefined when there is none. */
export async function otherOpenRun(client: Client, ref: RunRef): Promise<OpenRun | undefined> {
  const known = await client.query<{ known: boolean }>(
    "select to_regclass('migration.runs') is not null as known",
  );
  if (!known.rows[0]?.known) return undefined;
  const { rows } = await client.query<Omit<OpenRun, 'startedAt'> & { startedAt: Date }>(
    `select r.run, r.name, r.plan, r.started_at as "startedAt",
       coalesce((select array_agg(s.step order by s.position) from migration.step_states s
         where s.run = r.run and s.state not in ('pending', 'rolled-back')), '{}') as steps
     from migration.runs r where r.ended_at is null and not (r.run = $1 and r.started_at = $2)`,
    [ref.run, ref.startedAt],
  );
  const [open] = rows;
  return open && { ...open, startedAt: open.startedAt.toISOString() };
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
  const { rows } = await client.query<{ closed: boolean }>(
    'select ended_at is not null as closed from migration.runs where run = $1',
    [ref.run],
  );
  if (rows[0]?.closed)
    throw new MigrationError('ERR_002', `A run ${ref.run} has been on this target before.`, {
      next: 'Start the run under another workflow id.',
    });
}

export async function closeRunRow(client: Client, run: string, state: RunState): Promise<void> {
  await client.query(
    'update migration.runs set state = $2, ended_at = coalesce(ended_at, now()) where run = $1',
    [run, state],
  );
}

export async function completeStepRow(client: Client, run: string, step: string): Promise<void> {
  await client.query(
    "update migration.step_states set state = 'completed', ended_at = now() where run = $1 and step = $2",
    [run, step],
  );
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
