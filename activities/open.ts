import { MigrationError } from '../src/contract/errors.js';
import type { PlanOutline, RunRef } from '../src/contract/outline.js';
import { latestCatchUp } from '../src/engine/catch-up/progress.js';
import type { Entity, Plan } from '../src/plan/model.js';
import { findEntity, inOrder, UnknownTableError, waitsFor, withDependencies } from '../src/plan/order.js';
import { refuseOneDatabaseTwice } from '../src/prepare/connections.js';
import { enterWorker, readOpenRun, type StoredRun } from '../src/store/adopt-run.js';
import { migrateStore } from '../src/store/migrate-store.js';
import { enterRun, otherOpenRun } from '../src/store/runs.js';
import { isAlive } from './is-alive.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Open = Pick<Activities, 'findLeftBehind' | 'openRun' | 'adoptRun'>;

/** How a run begins: as a new one, or as one that was left behind. */
export function openActivities(context: RunContext, options: { searchAttributes: boolean }): Open {
  const { searchAttributes } = options;
  const { parallel } = context.config.limits;

  return {
    findLeftBehind: (ref) =>
      context.attempt(ref, async () => {
        const open = await context.withTarget((client) => otherOpenRun(client, ref));
        if (!open) return null;
        const { worker, ...left } = open;
        // Our own id tells nothing: it is alive because we are. Its earlier execution has ended, or we would not be.
        return worker !== ref.run && (await isAlive(worker)) ? null : { ...left, searchAttributes };
      }),

    openRun: ({ settings, name, ...ref }) =>
      context.attempt(ref, async () => {
        const plan = context.plan(ref.plan);
        const entities = selected(plan, settings.tables);
        checkBatchSizes(plan, settings.batchSizes);
        refuseOneDatabaseTwice(...(await context.lookAtAll()));
        await context.withTarget(async (client) => {
          await migrateStore(client);
          await enterRun(client, ref, name, settings, entities);
        });
        return { searchAttributes, parallel, outline: outlineOf(plan, entities) };
      }),

    adoptRun: ({ by, tables, ...ref }) =>
      context.attempt(ref, () =>
        context.withTarget(async (client) => {
          await migrateStore(client);
          const stored = await readOpenRun(client, ref);
          if (!stored)
            throw new MigrationError('ERR_002', `The run ${ref.run} is not open any more on this target.`, {
              next: 'Start a new run.',
            });
          const plan = planOf(context, ref, stored);
          const entities = stored.steps.map(({ step }) => entityOf(plan, ref, step));
          const taken =
            (stored.worker !== by && (await isAlive(stored.worker))) ||
            !(await enterWorker(client, ref, stored.worker, by));
          if (taken)
            throw new MigrationError('ERR_002', `Another workflow goes on with the run ${ref.run} already.`, {
              next: 'Let it end, or cancel it; its id stands in migration.runs, in the column continued_by.',
            });
          const { steps, checkpoints, fingerprinted, backedUp } = stored;
          const outline = outlineOf(plan, entities);
          const known = new Set(entities.map(({ step }) => step));
          const notPartOfIt = selected(plan, tables ?? undefined)
            .map(({ step }) => step)
            .filter((step) => !known.has(step));
          return {
            searchAttributes,
            parallel,
            outline,
            steps,
            checkpoints,
            fingerprinted,
            backedUp,
            catchUp: await latestCatchUp(client, ref),
            notPartOfIt,
          };
        }),
      ),
  };
}

function outlineOf(plan: Plan, entities: readonly Entity[]): PlanOutline {
  return {
    plan: plan.name,
    title: plan.title,
    steps: entities.map(({ step, table, label, dependsOn }) => ({
      step,
      table,
      label,
      dependsOn: [...dependsOn],
      waitsFor: [...waitsFor(plan, step)],
    })),
  };
}

/** The plan that the run was begun with, which need not be the one that was asked for now. */
function planOf(context: RunContext, { run }: RunRef, { plan }: StoredRun): Plan {
  try {
    return context.plan(plan);
  } catch (cause) {
    throw new MigrationError(
      'ERR_002',
      `The run ${run} was begun with the plan ${plan}, which this worker does not have.`,
      { next: 'Name the module of that plan in MIGRATION_PLANS, and start the worker again.', cause },
    );
  }
}

function entityOf(plan: Plan, { run }: RunRef, step: string): Entity {
  const entity = findEntity(plan, step);
  if (entity?.step === step) return entity;
  throw new MigrationError(
    'ERR_002',
    `The run ${run} has the step ${step}, which the plan ${plan.name} does not have any more.`,
    { next: 'Start the worker with the version of the plan that the run was begun with.' },
  );
}

function checkBatchSizes(plan: Plan, sizes: Readonly<Record<string, number>> = {}): void {
  const allowed = ['default', ...plan.entities.map(({ step }) => step)];
  const unknown = Object.keys(sizes).filter((name) => !allowed.includes(name));
  if (unknown.length > 0)
    throw new MigrationError(
      'ERR_002',
      `batchSizes: the plan ${plan.name} has no step ${unknown.join(', ')}. Allowed are ${allowed.join(', ')}.`,
      { next: 'Correct `batchSizes` in the input.' },
    );
}

function selected(plan: Plan, tables: readonly string[] | undefined): Entity[] {
  try {
    return tables ? withDependencies(plan, tables) : inOrder(plan);
  } catch (error) {
    if (!(error instanceof UnknownTableError)) throw error;
    throw new MigrationError('ERR_002', error.message, { next: 'Correct `tables` in the input.' });
  }
}
