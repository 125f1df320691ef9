import { findEntity } from '../src/plan/order.js';
import { setDerivedCount } from '../src/engine/complete/derived-counts.js';
import { setOwnLinks } from '../src/engine/complete/own-links.js';
import { warnOfSoftReferences } from '../src/engine/complete/soft-references.js';
import { moveStep } from '../src/engine/move-step.js';
import { loadReferences, referencedSteps } from '../src/engine/step.js';
import { requireAllRanges } from '../src/engine/complete/require-all-ranges.js';
import { surveyStep } from '../src/engine/survey/survey-step.js';
import { rebuildObjects } from '../src/engine/target/deferred-objects.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import { completeStepRow, stepCounts } from '../src/store/runs.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Migrate = Pick<Activities, 'surveyStep' | 'moveStep' | 'completeStep'>;

/** Phase 2. `at` is called at named points of the move, so that a test can stop the process right there. */
export function migrateActivities(context: RunContext, at?: PassPoint): Migrate {
  const { config } = context;
  return {
    surveyStep: (ref) =>
      context.attempt(({ signal, progress }) =>
        context.withStep(ref, (step, source, client) =>
          surveyStep(step, source, client, { signal, progress: (done) => progress({ done, of: null }), at }),
        ),
      ),

    moveStep: ({ lane: _lane, batchSize, limit, ...ref }) =>
      context.attempt(({ signal, progress }) =>
        context.withStep(ref, async (step, source, client) => {
          const before = await stepCounts(client, ref.run, ref.step);
          const tooMany = new AbortController();
          try {
            await moveStep(step, {
              database: source,
              connect: () => context.connectTarget(),
              limit: { rows: batchSize ?? config.limits.batchSize, bytes: config.limits.chunkBytes },
              signal: AbortSignal.any([signal, tooMany.signal]),
              progress: (moved) => {
                const read = before.read + moved.read;
                const rejected = before.rejected + moved.rejected;
                progress({ done: read, of: null, rejected });
                if (read >= limit.minErrorSample && rejected / read > limit.maxErrorRate) tooMany.abort();
              },
              at,
            });
          } catch (error) {
            if (!tooMany.signal.aborted || signal.aborted) throw error;
          }
          return { ...(await stepCounts(client, ref.run, ref.step)), tooManyErrors: tooMany.signal.aborted };
        }),
      ),

    completeStep: (ref) =>
      context.attempt(({ progress }) =>
        context.withStep(ref, async (step, _source, client) => {
          const { entity, plan, target } = step;
          await requireAllRanges(client, step);
          // A table's own rows are many, and needed here only where they refer to each other.
          if (referencedSteps(entity).includes(entity.step)) {
            const own = (await loadReferences(step, client, { own: true })).get(entity.step);
            if (own)
              await setOwnLinks(client, ref.run, entity, target, own, (done) => progress({ done, of: null }));
          }
          for (const derived of entity.derived ?? []) {
            const parent = findEntity(plan, derived.parent);
            if (parent) await setDerivedCount(client, ref.run, entity, parent, derived);
          }
          for (const soft of entity.softReferences ?? []) {
            const other = findEntity(plan, soft.to);
            if (other) await warnOfSoftReferences(client, ref.run, entity, target, soft, other);
          }
          await rebuildObjects(client, ref.run, entity.table, (done, of) => progress({ done, of }), at);
          const checkpoint = `${entity.table}_completed`;
          await completeStepRow(client, ref.run, ref.step);
          const { rows } = await client.query<{ at: Date }>(
            `insert into migration.checkpoints (run, name) values ($1, $2)
             on conflict (run, name) do update set name = excluded.name returning at`,
            [ref.run, checkpoint],
          );
          return {
            ...(await stepCounts(client, ref.run, ref.step)),
            checkpoint,
            at: (rows[0]?.at ?? new Date()).toISOString(),
          };
        }),
      ),
  };
}
