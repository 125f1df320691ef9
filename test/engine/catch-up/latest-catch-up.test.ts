/** What a run that goes on with another's work is told of its latest catch-up. */
import { expect, test } from 'vitest';
import { latestCatchUp } from '../../../src/engine/catch-up/progress.js';
import { reopenStep } from '../../../src/engine/complete/reopen-step.js';
import { forgetCompletion } from '../../../src/engine/undo/forget-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import type { Entity } from '../../../src/plan/model.js';
import { withMoved } from './with-moved.js';

const ref = { run: 'caught-up', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };

function entity(step: string): Entity {
  const found = nxtPlan.entities.find((candidate) => candidate.step === step);
  if (!found) throw new Error(`the plan has no step ${step}`);
  return found;
}

test(
  'a step that a catch-up has opened is ready to be gone on with; one whose undo has begun must be moved first',
  { timeout: 120_000 },
  () =>
    withMoved(
      async ({ run }) => {
        expect(await latestCatchUp(run.target, ref)).toBeNull();
        await run.catchUp();
        expect(await latestCatchUp(run.target, ref)).toEqual({ number: 1, steps: [], ready: [] });
        await reopenStep(run.target, ref, entity('customers'));
        expect(await latestCatchUp(run.target, ref)).toEqual({
          number: 1,
          steps: ['customers'],
          ready: ['customers'],
        });
        await forgetCompletion(run.target, ref, entity('upload-history'));
        expect(await latestCatchUp(run.target, ref)).toEqual({
          number: 1,
          steps: ['customers', 'upload-history'],
          ready: ['customers'],
        });
      },
      { rows: 300 },
    ),
);
