import type { Client } from 'pg';
import type { Entity, Plan } from '../plan/model.js';

/** The entities that a run moves, in its order. */
export async function entitiesOfRun(client: Client, run: string, plan: Plan): Promise<Entity[]> {
  const { rows } = await client.query<{ step: string }>(
    'select step from migration.step_states where run = $1 order by position',
    [run],
  );
  return rows.flatMap(({ step }) => plan.entities.filter((entity) => entity.step === step));
}
