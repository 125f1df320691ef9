import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import type { Entity } from '../../plan/model.js';
import { quoteIdent } from '../../store/quote.js';

/** What a step leaves in the run's own tables, in the order in which it may go. */
const traces = [
  'lineage',
  'chunks',
  'ensured',
  'links',
  'merges',
  'warnings',
  'decisions',
  'differences',
  'own_writes',
  'ranges',
];

/** Clears a step, whose rows are gone, from the run's own tables. Its rejects stay in the quarantine, as rolled back. */
export async function forgetStep(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const step = [ref.run, entity.step];
  for (const table of traces)
    await client.query(`delete from migration.${quoteIdent(table)} where run = $1 and step = $2`, step);
  await client.query(
    `update migration.rejects
     set resolved_at = coalesce(resolved_at, now()), resolution = coalesce(resolution, 'rolled back')
     where run = $1 and step = $2 and (resolved_at is null or resolution is null)`,
    step,
  );
  await forgetCompletion(client, ref, entity);
  await client.query(
    `update migration.step_states
     set state = 'rolled-back', source = null, before = null, differences = null, ended_at = now()
     where run = $1 and step = $2`,
    step,
  );
}

/** A step of which rows are missing is not complete, whoever looks at it next; and has not reached its checkpoint. */
export async function forgetCompletion(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const step = [ref.run, entity.step];
  await client.query(
    `update migration.step_states set state = 'running', ended_at = null, differences = null
     where run = $1 and step = $2 and state = 'completed'`,
    step,
  );
  await client.query(
    // Chunks of a retry are whole each for itself: nobody goes on with such a range.
    `update migration.ranges set done_at = case kind when 'key' then null else done_at end, verified_at = null
     where run = $1 and step = $2`,
    step,
  );
  await client.query(
    'update migration.links set resolved = null where run = $1 and step = $2 and resolved',
    step,
  );
  await client.query('delete from migration.checkpoints where run = $1 and name = $2', [
    ref.run,
    `${entity.table}_completed`,
  ]);
}
