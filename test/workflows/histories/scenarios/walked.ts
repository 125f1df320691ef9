/** Runs that go their way, by themselves or step by step. */
import { failureOf, must, refused, type Scenario, type Scene } from '../scene.js';

const chunks = { batchSizes: { default: 50 } };

async function completes(scene: Scene, input: object): Promise<void> {
  const run = await scene.start(input);
  await scene.environment.waitFor(run, ({ state }) => state !== 'running');
  must((await run.result()).state === 'completed', 'not completed');
}

export const walked: Readonly<Record<string, Scenario>> = {
  auto: { rows: 500, play: (scene) => completes(scene, { ...chunks, backup: true }) },
  'auto-ten-times-the-rows': { rows: 5_000, play: (scene) => completes(scene, { ...chunks, backup: true }) },
  'auto-lanes': { play: (scene) => completes(scene, { tables: ['suppliers'], parallel: 3 }) },
  'auto-unverified': { play: (scene) => completes(scene, { tables: ['customers'], verify: false }) },

  'asked-for-everything': {
    play: async (scene) => {
      const run = await scene.start({ mode: 'stepwise', tables: ['customers', 'products'] });
      await scene.until(run, 'waiting');
      await refused(run, 'run-step', { step: 'products' });
      await refused(run, 'skip-validation', { reason: 'none is held' });
      await refused(run, 'configure', { parallel: 0 });
      await run.signal('an-unknown-signal', { by: 'anna' });
      await run.signal('resume', 'a payload that is none');
      await run.executeUpdate('configure', { args: [{ batchSizes: { customers: 20 }, timeout: '5s' }] });
      await run.executeUpdate('extend-deadline', { args: [{ by: '1h' }] });
      await scene.told(run, 'run-step', { step: 'customers' });
      await scene.told(run, 'retry', { table: 'customers', coerceTypes: true });
      await scene.told(run, 'run-step', { step: 'validate' });
      await run.executeUpdate('finish');
      must((await run.result()).state === 'completed', 'not finished');
    },
  },

  'caught-up': {
    play: async (scene) => {
      const source = (sql: string) => scene.environment.query('source', sql);
      const run = await scene.start({ mode: 'stepwise', tables: ['customers', 'products'] });
      await scene.until(run, 'waiting');
      await refused(run, 'catch-up', {});
      for (const step of ['customers', 'suppliers', 'products']) await scene.told(run, 'run-step', { step });
      await source(`update legacy_customers set company_name = 'Changed' where id % 7 = 0`);
      await source(
        'delete from legacy_products where id in (select id from legacy_products order by id limit 3)',
      );
      const { waitingFor } = await scene.told(run, 'run-step', { step: 'validate' });
      must(waitingFor?.helps.includes('catch-up') ?? false, 'not held by what has changed');
      await scene.told(run, 'catch-up', { by: 'anna', reason: 'the shop was open' });
      await scene.told(run, 'catch-up', { tables: ['suppliers'] });
      await scene.told(run, 'run-step', { step: 'validate' });
      await run.executeUpdate('finish');
      must((await run.result()).state === 'completed', 'not finished');
    },
  },

  'rolled-back-in-parts': {
    play: async (scene) => {
      const run = await scene.start({ mode: 'stepwise', tables: ['customers', 'products'] });
      await scene.until(run, 'waiting');
      for (const step of ['customers', 'suppliers', 'products']) await scene.told(run, 'run-step', { step });
      const suppliers = { scope: 'tables', tables: ['suppliers'] };
      await run.executeUpdate('rollback', { args: [{ ...suppliers, dryRun: true }] });
      await scene.told(run, 'rollback', suppliers);
      await scene.told(run, 'run-step', { step: 'suppliers' });
      await scene.told(run, 'rollback', { scope: 'last-step' });
      await scene.told(run, 'run-step', { step: 'suppliers' });
      await scene.told(run, 'rollback', { scope: 'checkpoint', checkpoint: 'customers_completed' });
      await run.executeUpdate('finish');
      must((await run.result()).state === 'completed', 'not finished');
    },
  },

  'refused-input': {
    play: async (scene) => {
      const run = await scene.start({ tabels: ['customers'] });
      must((await failureOf(run)) === 'ERR_002', 'not refused');
    },
  },

  'refused-table': {
    play: async (scene) => {
      const run = await scene.start({ tables: ['clients'] });
      must((await failureOf(run)) === 'ERR_002', 'not refused');
    },
  },

  continued: {
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '100' },
    play: async (scene) => {
      const run = await scene.start({ mode: 'stepwise', tables: ['customers'] });
      await scene.until(run, 'waiting');
      const first = (await run.describe()).runId;
      for (let i = 0; (await run.describe()).runId === first; i++)
        await run.signal('pause', { reason: `${i}` });
      await run.signal('resume');
      for (const step of ['customers', 'validate']) await scene.told(run, 'run-step', { step });
      await run.executeUpdate('run-step', { args: [{ step: 'finalize' }] });
      must((await run.result()).state === 'completed', 'not completed');
    },
  },
};
