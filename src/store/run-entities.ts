import type { Client } from 'pg';
import type { Entity, Plan } from '../plan/model.js';

/** The entities that a run moves, in its order. */
export function entitiesOfRun(client: Client, run: string, plan: Plan): Promise<Entity[]> {
  return entitiesWhere(client, run, plan, 'true');
}

/** Those of them whose steps are complete. */
export function completedEntities(client: Client, run: string, plan: Plan): Promise<Entity[]> {
  return entitiesWhere(client, run, plan, "state = 'completed'");
}

async function entitiesWhere(client: Client, run: string, plan: Plan, condition: string): Promise<Entity[]> {
  const { rows } = await client.query<{ step: string }>(
    `select step from migration.step_states where run = $1 and ${condition} order by position`,
    [run],
  );
  return rows.flatMap(({ step }) => plan.entities.filter((entity) => entity.step === step));
}
