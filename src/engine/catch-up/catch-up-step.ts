import type { Step } from '../step.js';
import { withRangesLocked } from '../undo/lock-ranges.js';
import type { StepCatchUp } from './catch-up-options.js';
import type { Changes } from './changes.js';
import { CatchUpProgress } from './progress.js';
import { StepWalk } from './step-walk.js';

export interface CaughtUp extends Changes {
  /** false: told to pause before the end */
  readonly done: boolean;
  /** rows that stay as they are, since others have changed or built upon them: see `migration.differences` */
  readonly left: number;
  /** nothing has changed that a completion would have to look at */
  readonly completed: boolean;
}

/**
 * Brings a completed step in line with its source as it is now, and with the rows that it refers to: reads every source
 * row again, compares it with what stands in the target, and changes just what differs, one transaction a chunk. Only
 * rows of this run are changed; those that others have changed or built upon are named and left.
 *
 * May be called again after any crash: it goes on behind the last chunk that is noted. Steps that rows refer to come
 * first, with the same `number`; foreign keys that are in the way are off until the steps in `reopens` are completed.
 */
export async function catchUpStep(step: Step, catchUp: StepCatchUp): Promise<CaughtUp> {
  const client = await catchUp.connect();
  const reading = await catchUp.connect();
  try {
    // As for a verification: the planner cannot know how few the keys of one chunk are.
    await reading.query(
      "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '64MB'",
    );
    return await withRangesLocked(client, step.ref.run, step.entity.step, async () => {
      const progress = await CatchUpProgress.open(client, step, catchUp.number, catchUp.reopens);
      const { done } = await progress.state();
      const through = done || (await new StepWalk(step, client, reading, progress, catchUp).walk());
      const { inserted, updated, deleted } = await progress.state();
      return { inserted, updated, deleted, done: through, ...(await progress.answer()) };
    });
  } finally {
    await Promise.all([client.end().catch(() => undefined), reading.end().catch(() => undefined)]);
  }
}
