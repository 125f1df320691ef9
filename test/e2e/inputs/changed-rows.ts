import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { entity, keep, source, text } from '../../../src/plan/builder.js';
import { registerPlan } from '../../../src/plan/registry.js';
import { createRunEnvironment } from '../../helpers/run-environment.js';
import { numbers, type Engine } from './engines.js';
import { planOf } from './prove-inputs.js';

/** Rows that come, change and go while a run is open are found by its verification, each by its key. */
export function findsChangedRows(engine: () => Engine): void {
  it('rows and columns that change after they were read are found, each by its name', async () => {
    const { name } = engine();
    const legacy = await engine().createLegacy();
    await legacy.run('create table in_use (id integer primary key, note varchar(20))');
    await legacy.run(`insert into in_use select n * 2, concat('note ', n) from ${numbers} s where n < 2000`);
    const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-inputs-'));
    const part = {
      entities: [
        entity({
          step: 'in-use',
          label: 'rows in use',
          sources: [source('in_use', [keep('id'), text('note')])],
        }),
      ],
      tables: ['create table in_use (id integer primary key, note text)'],
      seed: () => Promise.resolve(),
      prove: () => undefined,
    };
    const plan = await planOf(`${name}-in-use`, [part], folder);
    registerPlan(plan);
    const environment = await createRunEnvironment({ SOURCE_DATABASE_URL: legacy.url });
    try {
      await environment.withWorker(async () => {
        const run = await environment.start({
          plan: plan.name,
          mode: 'stepwise',
          backup: false,
          batchSizes: { default: 500 },
        });
        await environment.waitFor(run, ({ state }) => state === 'waiting');
        await run.executeUpdate('run-step', { args: [{ step: 'in-use' }] });
        await environment.waitFor(
          run,
          ({ state, steps }) => state === 'waiting' && steps[0]?.state === 'completed',
        );
        await legacy.run(`insert into in_use values (777, 'came')`);
        await legacy.run(`update in_use set note = 'changed' where id = 1500`);
        await legacy.run('delete from in_use where id = 2500');
        await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
        const held = await environment.waitFor(
          run,
          ({ state, phase }) => state === 'waiting' && phase === 'validate',
        );
        expect(held.waitingFor?.reason).toContain(
          'in_use: 3 rows changed in the source since they were read',
        );
        expect(
          await environment.query(
            'target',
            `select legacy_id as id, kind, column_name as "column", what from migration.differences order by legacy_id::int`,
          ),
        ).toEqual([
          { id: '777', kind: 'drift', column: null, what: expect.stringContaining('should have moved') },
          { id: '1500', kind: 'drift', column: 'note', what: 'the value differs from the source' },
          { id: '2500', kind: 'drift', column: null, what: 'its source row would not move any more' },
        ]);

        await legacy.run('alter table in_use add column more varchar(5)');
        await run.executeUpdate('retry', { args: [{}] });
        const changed = await environment.waitFor(run, ({ lastError }) => lastError?.code === 'ERR_002');
        expect(changed).toMatchObject({
          state: 'waiting',
          lastError: {
            message: expect.stringContaining(
              'The source has changed since in-use began to move: in_use: column more is new.',
            ),
          },
        });
        await legacy.run('alter table in_use drop column more');
        await run.executeUpdate('retry', { args: [{}] });
        await environment.waitFor(run, ({ waitingFor }) => waitingFor?.reason.includes('3 rows') === true);
        await run.terminate('seen');
      });
    } finally {
      await environment.close();
      await legacy.close();
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);
}
