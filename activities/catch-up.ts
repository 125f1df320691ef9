import { catchUpStep } from '../src/engine/catch-up/catch-up-step.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import type { Turn } from '../src/pressure/courtesy.js';
import { sourceRows, stepCounts } from '../src/store/runs.js';
import { courteously } from './courteous.js';
import type { RunContext } from './run-context.js';
import type { Activities, CaughtUpStep } from './types.js';

type CatchUp = Pick<Activities, 'catchUpStep'>;

/** Steps once more, as their source is now. `at` is called at named points, so that a test can stop the process there. */
export function catchUpActivities(context: RunContext, at?: PassPoint): CatchUp {
  return {
    catchUpStep: ({ number, behind, batchSize, ...ref }) =>
      context.attempt(ref, async (attempt) => {
        const { signal, progress, stopped } = attempt;
        const memory = context.memoryGuard(batchSize);
        const catchUp = ({ pause, pace }: Turn): Promise<CaughtUpStep> =>
          context.withStep(ref, async (step, source, client) => {
            const caughtUp = await catchUpStep(step, {
              database: source,
              connect: () => context.connectTarget(),
              number,
              reopens: [ref.step, ...behind].map((name) => context.entity({ ...ref, step: name })),
              limit: memory.limit,
              pause,
              signal,
              pace,
              progress: (done) => {
                memory.look();
                progress({ done, of: null });
              },
              at,
            });
            const counts = await stepCounts(client, ref.run, ref.step);
            return { ...counts, ...caughtUp, source: await sourceRows(client, ref.run, ref.step) };
          });
        try {
          return await courteously(context, {
            ref,
            // Only one works on a step that is caught up.
            lane: 0,
            // The step's own, and two to compare and change; the catalogue's and the reading.
            need: { source: 2, target: 3 },
            left: 'chunks',
            attempt,
            work: catchUp,
            isOver: ({ done }) => done,
          });
        } catch (error) {
          if (!signal.aborted) throw error;
          // The chunk in hand is dropped; what is in is told, so that the figures of the run are right.
          await stopped();
          return await context.afterStop(async (client) => ({
            ...(await stepCounts(client, ref.run, ref.step)),
            source: await sourceRows(client, ref.run, ref.step),
            inserted: 0,
            updated: 0,
            deleted: 0,
            left: 0,
            completed: false,
            done: false,
          }));
        }
      }),
  };
}
