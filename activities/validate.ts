import { checkBusinessRules } from '../src/checks/business-rules.js';
import { checkCounts } from '../src/checks/counts.js';
import { checkReferences } from '../src/checks/references.js';
import type { CheckContext, CheckOutcome } from '../src/checks/types.js';
import type { RunRef } from '../src/contract/outline.js';
import type { CheckResult } from '../src/contract/status.js';
import { openVerification, verifyStep } from '../src/engine/verify/verify-step.js';
import { entitiesOfRun } from '../src/store/run-entities.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import { saveChecks } from '../src/store/check-results.js';
import { courteously } from './courteous.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Validate = Pick<
  Activities,
  'openVerification' | 'verifyStep' | 'checkCounts' | 'checkReferences' | 'checkRules'
>;

/** Phase 3. */
export function validateActivities(context: RunContext, at?: PassPoint): Validate {
  const checking =
    (check: (context: CheckContext) => Promise<CheckOutcome[]>) =>
    (ref: RunRef): Promise<CheckResult[]> =>
      context.attempt(ref, ({ progress }) =>
        context.withTarget(async (target) => {
          const plan = context.plan(ref.plan);
          const entities = await entitiesOfRun(target, ref.run, plan);
          const outcomes = await check({
            run: ref.run,
            plan,
            entities,
            target,
            progress: (done, of) => progress({ done, of }),
          });
          await saveChecks(target, ref.run, outcomes);
          return outcomes.map(({ examples: _examples, ...result }) => result);
        }),
      );

  return {
    openVerification: ({ again, ...ref }) =>
      context.attempt(ref, () =>
        context.withStep(ref, async (step, _source, client) => ({
          ranges: await openVerification(client, step, again),
        })),
      ),

    verifyStep: ({ lane, ...ref }) =>
      context.attempt(ref, (attempt) =>
        courteously(context, {
          ref,
          lane,
          // The step's own, and two to compare; the catalogue's and the reading.
          need: { source: 2, target: 3 },
          left: 'chunks',
          attempt,
          work: ({ pause, pace }) =>
            context.withStep(ref, (step, source) =>
              verifyStep(step, source, () => context.connectTarget(), {
                // Looked at between chunks, each of which is marked when it is compared.
                signal: pause,
                pace,
                progress: (done) => attempt.progress({ done, of: null }),
                references: context.references,
                at,
              }),
            ),
          isOver: () => true,
        }),
      ),
    checkCounts: checking(checkCounts),
    checkReferences: checking(checkReferences),
    checkRules: checking(checkBusinessRules),
  };
}
