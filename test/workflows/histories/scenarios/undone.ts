/** Runs that are undone: by themselves, by an operator, by the next run. */
import { failureOf, must, refused, type RunHandle, type Scenario, type Scene } from '../scene.js';

/** Customers are in; the run waits. */
async function customersIn(scene: Scene, input: object = {}): Promise<RunHandle> {
  const run = await scene.start({ mode: 'stepwise', tables: ['customers', 'suppliers'], ...input });
  await scene.until(run, 'waiting');
  await scene.told(run, 'run-step', { step: 'customers' });
  return run;
}

/** Somebody else is at work in the target. */
const changeOne = `update customers set company_name = 'changed' where id in (select id from customers limit 1)`;

export const undone: Readonly<Record<string, Scenario>> = {
  'too-many-errors': {
    rows: 2_000,
    play: async (scene) => {
      const run = await scene.start({ tables: ['customers'], maxErrorRate: 0.001 });
      must((await failureOf(run)) === 'ERR_003', 'not undone');
    },
  },

  'deadline-passed': {
    play: async (scene) => {
      const run = await customersIn(scene);
      await run.executeUpdate('configure', { args: [{ maxDuration: '2s' }] });
      must((await failureOf(run)) === 'ERR_006', 'not undone');
    },
  },

  'deadline-passed-over-changed-rows': {
    play: async (scene) => {
      const run = await customersIn(scene);
      await scene.target(changeOne);
      await run.executeUpdate('configure', { args: [{ maxDuration: '2s' }] });
      await scene.until(run, 'rollback-failed');
      await run.executeUpdate('rollback', { args: [{ scope: 'full', confirmChanged: true }] });
      must((await failureOf(run)) === 'ERR_006', 'not undone');
    },
  },

  'deadline-passed-while-held': {
    play: async (scene) => {
      const run = await scene.start({ tables: ['customers'], minQualityScore: 1, maxDuration: '2s' });
      must((await failureOf(run)) === 'ERR_006', 'not undone');
    },
  },

  corrupted: {
    play: async (scene) => {
      const run = await customersIn(scene);
      await scene.target(changeOne);
      await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
      must((await failureOf(run)) === 'ERR_009', 'not undone');
    },
  },

  'cancelled-in-a-copy': {
    play: async (scene) => {
      await scene.makeTargetTables();
      await scene.sleepIn('customers');
      const run = await scene.start({ tables: ['customers'] });
      await scene.asleep();
      await run.cancel();
      must((await failureOf(run)) === 'CancelledFailure', 'not cancelled');
    },
  },

  'cancelled-while-it-waits': {
    play: async (scene) => {
      const run = await customersIn(scene);
      await run.cancel();
      must((await failureOf(run)) === 'CancelledFailure', 'not cancelled');
    },
  },

  'rollback-failed': {
    play: async (scene) => {
      const run = await customersIn(scene);
      await scene.target(`create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
        create trigger refuse before delete on customers for each statement execute function refuse()`);
      await run.executeUpdate('rollback', { args: [{ scope: 'full' }] });
      await scene.until(run, 'rollback-failed');
      await scene.target('drop trigger refuse on customers');
      await run.executeUpdate('retry');
      must((await run.result()).state === 'rolled-back', 'not rolled back');
    },
  },

  'rollback-of-changed-rows': {
    play: async (scene) => {
      const run = await customersIn(scene);
      await scene.target(changeOne);
      await refused(run, 'rollback', { scope: 'full' });
      await run.executeUpdate('rollback', { args: [{ scope: 'full', confirmChanged: true }] });
      must((await run.result()).state === 'rolled-back', 'not rolled back');
    },
  },

  'rollback-from-the-backup': {
    play: async (scene) => {
      const run = await customersIn(scene, { backup: true });
      await run.executeUpdate('rollback', {
        args: [{ scope: 'full', fromBackup: true, confirmChanged: true }],
      });
      must((await run.result()).state === 'rolled-back', 'not rolled back');
    },
  },

  'rollback-restored-by-itself': {
    play: async (scene) => {
      await scene.makeTargetTables();
      await scene.target(`insert into customers (customer_code, company_name, email)
        values ('HERE-1', 'Here before', 'office')`);
      const run = await customersIn(scene, { backup: true });
      await scene.target(`delete from customers where customer_code = 'HERE-1'`);
      await run.executeUpdate('rollback', { args: [{ scope: 'full', confirmChanged: true }] });
      const { actions } = await run.result();
      must(
        actions.some(({ what }) => what === 'restores the backup'),
        'the backup was not needed',
      );
    },
  },

  'left-behind-and-gone-on-with': {
    play: async (scene) => {
      await (await customersIn(scene)).terminate('lost');
      const next = await scene.start({ tables: ['customers', 'suppliers'] });
      await scene.until(next, 'waiting');
      await next.executeUpdate('retry');
      must((await next.result()).state === 'completed', 'not completed');
    },
  },

  'left-behind-and-undone': {
    play: async (scene) => {
      await (await customersIn(scene)).terminate('lost');
      const next = await scene.start({ tables: ['customers', 'suppliers'] });
      await scene.until(next, 'waiting');
      await next.executeUpdate('rollback', { args: [{ scope: 'full' }] });
      must((await next.result()).state === 'rolled-back', 'not rolled back');
    },
  },
};
