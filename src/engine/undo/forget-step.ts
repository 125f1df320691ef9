import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import type { Entity } from '../../plan/model.js';
import { quoteIdent } from '../../store/quote.js';
import { reopenStep } from '../complete/reopen-step.js';
import { hasMovedAgain } from '../retry/quarantine.js';

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
  'catch_ups',
  'ranges',
];

/** Clears a step, whose rows are gone, from the run's own tables. Its rejects stay in the quarantine, as rolled back. */
export async function forgetStep(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const step = [ref.run, entity.step];
  for (const table of traces)
    await client.query(`delete from migration.${quoteIdent(table)} where run = $1 and step = $2`, step);
  await client.query(
    // Those that a retry had moved too: they are as little in the target as the others.
    `update migration.rejects set resolved_at = now(), resolution = 'rolled back'
     where run = $1 and step = $2 and (resolved_at is null or resolution is null or ${hasMovedAgain})`,
    step,
  );
  await forgetCompletion(client, ref, entity);
  await client.query(
    `update migration.step_states set state = 'rolled-back', source = null, before = null, ended_at = now()
     where run = $1 and step = $2`,
    step,
  );
}

/**
 * A step of which rows are missing is not complete, whoever looks at it next; and has not reached its checkpoint. What
 * its completion has noted goes: it is noted anew when the step is completed again.
 */
export async function forgetCompletion(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const step = [ref.run, entity.step];
  await reopenStep(client, ref, entity);
  await client.query(
    'update migration.step_states set differences = null where run = $1 and step = $2 and differences is not null',
    step,
  );
  await client.query(
    // Chunks of a retry are whole each for itself: nobody goes on with such a range.
    `update migration.ranges set done_at = case kind when 'key' then null else done_at end, verified_at = null
     where run = $1 and step = $2`,
    step,
  );
  await client.query(
    'update migration.links set resolved = null where run = $1 and step = $2 and resolved is not null',
    step,
  );
  await client.query('delete from migration.warnings where run = $1 and step = $2 and range is null', step);
}
