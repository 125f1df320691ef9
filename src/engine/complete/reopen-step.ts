import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import type { Entity } from '../../plan/model.js';

/**
 * Takes a step's completion back, in the open transaction of `client`: whoever finds it from now on completes it, and
 * has no checkpoint of it until then. Does nothing to a step that is not complete.
 */
export async function reopenStep(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  await client.query(
    `update migration.step_states set state = 'running', ended_at = null
     where run = $1 and step = $2 and state = 'completed'`,
    [ref.run, entity.step],
  );
  await client.query('delete from migration.checkpoints where run = $1 and name = $2', [
    ref.run,
    `${entity.table}_completed`,
  ]);
}
