import { completeStep } from '../src/engine/complete/complete-step.js';
import { ChunkSize } from '../src/engine/chunk-size.js';
import { moveStep } from '../src/engine/move-step.js';
import { surveyStep } from '../src/engine/survey/survey-step.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import type { Turn } from '../src/pressure/courtesy.js';
import { stepCounts } from '../src/store/runs.js';
import { courteously } from './courteous.js';
import type { RunContext } from './run-context.js';
import { StepFigures } from './step-figures.js';
import type { Activities, MovedStep } from './types.js';

type Migrate = Pick<Activities, 'countStep' | 'countSource' | 'surveyStep' | 'moveStep' | 'completeStep'>;

/** Phase 2. `at` is called at named points of the move, so that a test can stop the process right there. */
export function migrateActivities(context: RunContext, at?: PassPoint): Migrate {
  return {
    countStep: (ref) =>
      context.attempt(ref, () => context.withTarget((client) => stepCounts(client, ref.run, ref.step))),

    countSource: (ref) =>
      context.attempt(ref, () =>
        context.withStep(ref, async (step, source) => {
          const counts = await Promise.all(step.sources.map(({ table }) => source.count(table)));
          return counts.reduce((sum, count) => sum + count, 0);
        }),
      ),

    surveyStep: (ref) =>
      context.attempt(ref, ({ signal, progress }) =>
        context.withStep(ref, (step, source, client) =>
          surveyStep(step, source, client, {
            rangeRows: context.config.limits.rangeRows,
            indexes: context.config.limits.indexes,
            signal,
            progress: (done) => progress({ done, of: null }),
            at,
          }),
        ),
      ),

    moveStep: ({ lane, batchSize, timeoutMs, limit, ...ref }) =>
      context.attempt(ref, async (attempt) => {
        const { signal, progress, stopped } = attempt;
        const tooMany = new AbortController();
        let figures: StepFigures | undefined;
        const memory = context.memoryGuard(batchSize);
        const moveOn = ({ pause, pace }: Turn): Promise<MovedStep> =>
          context.withStep(ref, async (step, source, client) => {
            const rows = await StepFigures.open({ client, ref, limit, report: progress });
            figures = rows;
            const size = new ChunkSize(memory.limit, context.flight);
            const moving = () =>
              moveStep(step, {
                database: source,
                connect: () => context.connectTarget(timeoutMs ?? undefined),
                limit: size.limit,
                references: context.references,
                pause: AbortSignal.any([pause, tooMany.signal]),
                signal,
                pace,
                onCommit: async (moved, last) => {
                  await rows.committed(moved);
                  if (rows.tooManyErrors) tooMany.abort();
                  memory.look();
                  size.committed(last);
                },
                at,
              });
            const done = await context.flight.reading(moving);
            const counts = await stepCounts(client, ref.run, ref.step);
            return { ...counts, done, tooManyErrors: rows.tooManyErrors };
          });
        try {
          return await courteously(context, {
            ref,
            lane,
            // The step's own and that of the claims, and two for the chunks; the catalogue's and the reading.
            need: { source: 2, target: 4 },
            left: 'ranges',
            attempt,
            work: moveOn,
            isOver: ({ done }) => done || tooMany.signal.aborted,
          });
        } catch (error) {
          if (!signal.aborted) throw error;
          // What was in hand is dropped; what is in is told, so that the figures of the run are right.
          await stopped();
          const counts = await context.afterStop((client) => stepCounts(client, ref.run, ref.step));
          return { ...counts, done: false, tooManyErrors: figures?.tooManyErrors ?? null };
        }
      }),

    completeStep: (ref) =>
      context.attempt(ref, ({ pause, progress }) =>
        context.withStep(ref, async (step, _source, client) => {
          const { checkpoint, at: reachedAt } = await completeStep(step, client, {
            progress,
            pause,
            connect: () => context.connectTarget(),
            at,
          });
          return {
            ...(await stepCounts(client, ref.run, ref.step)),
            checkpoint,
            at: reachedAt,
          };
        }),
      ),
  };
}
