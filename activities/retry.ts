import { retryRejects } from '../src/engine/retry/retry-rejects.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import { stepCounts } from '../src/store/runs.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Retry = Pick<Activities, 'retryRejects'>;

/** Quarantined rows once more. `at` is called at named points, so that a test can stop the process right there. */
export function retryActivities(context: RunContext, at?: PassPoint): Retry {
  return {
    retryRejects: ({ coerceTypes, ...ref }) =>
      context.attempt(ref, async ({ pause, signal, progress, stopped }) => {
        let latest = { moved: 0 };
        try {
          return await context.withStep(ref, async (step, source, client) => {
            const { moved } = await retryRejects(step, {
              database: source,
              connect: () => context.connectTarget(),
              coerceTypes,
              pause,
              signal,
              onCommit: async ({ done, of, moved: sofar }) => {
                latest = { moved: sofar };
                progress({ done, of, counts: await stepCounts(client, ref.run, ref.step) });
              },
              at,
            });
            return { ...(await stepCounts(client, ref.run, ref.step)), moved, done: !pause.aborted };
          });
        } catch (error) {
          if (!signal.aborted) throw error;
          // The page in hand is dropped; what is in is told, so that the figures of the run are right.
          await stopped();
          const counts = await context.afterStop((client) => stepCounts(client, ref.run, ref.step));
          return { ...counts, ...latest, done: false };
        }
      }),
  };
}
