/** Runs that are paused, stopped, held by what fails, and helped. */
import { must, refused, type RunHandle, type Scenario, type Scene } from '../scene.js';

/** A run in the middle of copying customers: every row sleeps. */
async function copying(scene: Scene, input: object): Promise<RunHandle> {
  await scene.makeTargetTables();
  await scene.sleepIn('customers');
  const run = await scene.start({ tables: ['customers'], ...input });
  await scene.asleep();
  return run;
}

export const steered: Readonly<Record<string, Scenario>> = {
  'paused-in-a-copy': {
    play: async (scene) => {
      const run = await copying(scene, {});
      await run.signal('pause', { by: 'anna', reason: 'the shop opens' });
      await run.signal('pause');
      await scene.until(run, 'paused');
      await scene.wake();
      await run.signal('resume');
      must((await run.result()).state === 'completed', 'not completed');
    },
  },

  'configured-in-a-copy': {
    play: async (scene) => {
      const run = await copying(scene, {});
      await scene.wake();
      await run.executeUpdate('configure', { args: [{ batchSizes: { default: 10 }, maxDuration: '5h' }] });
      must((await run.result()).state === 'completed', 'not completed');
    },
  },

  'stopped-then-rolled-back': {
    play: async (scene) => {
      const run = await copying(scene, {});
      await run.signal('emergency-stop', { by: 'anna' });
      await scene.until(run, 'stopped');
      await scene.told(run, 'rollback', { scope: 'full' });
      must((await run.result()).state === 'rolled-back', 'not rolled back');
    },
  },

  'finished-with-a-step-half-in': {
    play: async (scene) => {
      await scene.makeTargetTables();
      const run = await scene.start({ mode: 'stepwise', tables: ['customers', 'suppliers'] });
      await scene.until(run, 'waiting');
      await scene.told(run, 'run-step', { step: 'customers' });
      await scene.sleepIn('suppliers');
      await run.executeUpdate('run-step', { args: [{ step: 'suppliers' }] });
      await scene.asleep();
      await run.signal('emergency-stop');
      await scene.until(run, 'stopped');
      await run.executeUpdate('finish');
      must((await run.result()).steps[1]?.state === 'rolled-back', 'not taken back');
    },
  },

  'held-by-a-gate': {
    play: async (scene) => {
      const run = await scene.start({ tables: ['customers'], minQualityScore: 1 });
      await scene.until(run, 'waiting');
      await scene.told(run, 'retry');
      await scene.told(run, 'skip-validation', { reason: 'known and accepted' });
      must((await run.result()).state === 'completed', 'not completed');
    },
  },

  'held-by-a-failing-step': {
    play: async (scene) => {
      const run = await scene.start({ mode: 'stepwise', tables: ['customers'] });
      await scene.until(run, 'waiting');
      await scene.target('alter table customers rename to put_away');
      await refused(run, 'run-step', { step: 'customers' });
      await scene.target('alter table put_away rename to customers');
      await scene.target('alter table customers rename column email to put_away');
      const { waitingFor } = await scene.told(run, 'run-step', { step: 'customers' });
      must(waitingFor?.code !== null, 'not held');
      await scene.target('alter table customers rename column put_away to email');
      const { steps } = await scene.told(run, 'retry');
      must(steps[0]?.state === 'completed', 'not moved');
      await scene.told(run, 'finish');
    },
  },
};
