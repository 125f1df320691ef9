import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { findEntity } from '../../plan/order.js';
import { completedEntities } from '../../store/run-entities.js';
import { completeStepRow } from '../../store/runs.js';
import { loadReferences, referencedSteps, type Step } from '../step.js';
import { rebuildObjects } from '../target/deferred-objects.js';
import { setDerivedCount } from './derived-counts.js';
import { setOwnLinks } from './own-links.js';
import { requireAllRanges } from './require-all-ranges.js';
import { renewWarningsAbout, warnOfSoftReferences } from './soft-references.js';

/**
 * What can only be done when all rows of a step are in: references of the table to itself, counts that its parents carry,
 * warnings of codes that lead nowhere, the indexes and constraints that were off; then the step's checkpoint, with the
 * time at which it was reached first. May be run again.
 */
export async function completeStep(
  step: Step,
  client: Client,
  {
    progress,
    pause,
    connect,
    at,
  }: {
    readonly progress: (part: { readonly done: number; readonly of: number | null }) => void;
    readonly pause: AbortSignal;
    /** opens further connections to the target, for indexes that are built side by side */
    readonly connect?: () => Promise<Client>;
    readonly at?: PassPoint | undefined;
  },
): Promise<{ readonly checkpoint: string; readonly at: string }> {
  const { entity, plan, ref, target } = step;
  await requireAllRanges(client, step);
  // A table's own rows are many, and needed here only where they refer to each other.
  if (referencedSteps(entity).includes(entity.step)) {
    const own = (await loadReferences(step, client, { own: true })).get(entity.step);
    if (own) await setOwnLinks(client, ref.run, entity, target, own, (done) => progress({ done, of: null }));
  }
  for (const derived of entity.derived ?? []) {
    const parent = findEntity(plan, derived.parent);
    if (parent) await setDerivedCount(client, ref.run, entity, parent, derived);
  }
  for (const soft of entity.softReferences ?? []) {
    const other = findEntity(plan, soft.to);
    if (other) await warnOfSoftReferences(client, ref.run, entity, target, soft, other);
  }
  await renewWarningsAbout(client, ref.run, entity, await completedEntities(client, ref.run, plan));
  await rebuildObjects(client, ref.run, entity.table, (done, of) => progress({ done, of }), {
    pause,
    ...(connect && { connect }),
    at,
  });
  const checkpoint = `${entity.table}_completed`;
  await completeStepRow(client, ref.run, entity.step);
  const { rows } = await client.query<{ at: Date }>(
    `insert into migration.checkpoints (run, name) values ($1, $2)
     on conflict (run, name) do update set name = excluded.name returning at`,
    [ref.run, checkpoint],
  );
  return { checkpoint, at: (rows[0]?.at ?? new Date()).toISOString() };
}
