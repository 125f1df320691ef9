import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/engine/postgres/connect.js';
import { findOthersRowsIn } from '../../../src/engine/undo/others-rows.js';
import { proveUndone } from '../../../src/engine/undo/prove-undone.js';
import { restoreTarget, type RestoreOptions } from '../../../src/engine/undo/restore-target.js';
import { undoStep } from '../../../src/engine/undo/undo-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import {
  entityOf,
  movedTargets,
  ref,
  undoOptions,
  unwatched,
  type MovedTarget,
  type MovedTargets,
} from './moved-target.js';

let targets: MovedTargets;
let target: MovedTarget;
afterEach(async () => {
  await target.close();
  await targets.close();
});

const restore = (options: Partial<RestoreOptions> = {}) =>
  restoreTarget(target.client, { target: target.database, backup: target.backup }, ref, nxtPlan, {
    othersToo: false,
    ...unwatched(),
    ...options,
  });
const prove = () => proveUndone(target.client, target.database, ref.run, nxtPlan, null, unwatched());
const proved = { differences: [], othersRows: 0, backup: expect.stringMatching(/^backup_/) as unknown };

describe('a restore of the backup', () => {
  beforeEach(async () => {
    // The last step is in the middle: its indexes and foreign keys are off.
    targets = await movedTargets(1_000, 'upload-history');
    target = await targets.original();
  });

  it('brings back rows of the target that somebody has bent, with all indexes and constraints, also twice', async () => {
    expect(
      await target.value('select count(*)::int from migration.deferred_objects where rebuilt_at is null'),
    ).toBe(6);
    await target.query(`update suppliers set company_name = 'bent' where supplier_code = 'OWN'`);
    await target.query(`delete from inventory where stock_status = 'out_of_stock'`);
    await target.query(
      `insert into customers (customer_code, company_name, email) values ('T', 'Theirs', 't@e.x')`,
    );

    for (const othersToo of [true, false]) {
      // What the first one has restored is nobody else's for the second.
      await restore({ othersToo });
      expect(await target.differences()).toEqual([]);
      expect(await prove()).toEqual(proved);
    }
    for (const table of [
      'lineage',
      'chunks',
      'ranges',
      'ensured',
      'checkpoints',
      'own_writes',
      'deferred_objects',
      'merges',
      'warnings',
    ])
      expect([table, await target.value(`select count(*)::int from migration.${table}`)]).toEqual([table, 0]);
    expect(await target.query('select distinct state from migration.step_states')).toEqual([
      { state: 'rolled-back' },
    ]);
    expect(await target.query('select distinct resolution from migration.rejects')).toEqual([
      { resolution: 'rolled back' },
    ]);
  });

  it('goes on where an undo got stuck, and leaves nothing for one to do', async () => {
    await undoStep(target.client, ref, entityOf('upload-history'), undoOptions());
    await target.query(`update warehouses set name = 'bent' where code = 'OWN'`);
    await restore({ othersToo: true });
    expect(await prove()).toEqual(proved);
    for (const { step } of nxtPlan.entities.toReversed())
      await undoStep(target.client, ref, entityOf(step), undoOptions());
    expect(await prove()).toEqual(proved);
    await target.query(
      `insert into customers (customer_code, company_name, email) values ('T', 'Theirs', 't@e.x')`,
    );
    expect((await prove()).othersRows).toBe(1);
  });

  it('is refused while it would take away rows of others, which it names, and the run has none of these', async () => {
    const seen = () => findOthersRowsIn(target.client, ref.run, nxtPlan.schema.tables);
    expect(await seen()).toEqual({ rows: 0, examples: [] });
    // Of the run's own rows nobody loses anything, whoever has changed them.
    await target.query(`update customers set phone = null`);
    await target.query(`update warehouses set name = 'changed' where code <> 'OWN'`);
    expect(await seen()).toEqual({ rows: 0, examples: [] });

    const [theirs] = await target.query(
      `insert into customers (customer_code, company_name, email) values ('T', 'Theirs', 't@e.x') returning id`,
    );
    const [bent] = await target.query(
      `update suppliers set tax_id = 'X' where supplier_code = 'OWN' returning id`,
    );
    const examples = [`customers ${String(theirs?.['id'])}`, `suppliers ${String(bent?.['id'])}`];
    expect(await seen()).toEqual({ rows: 2, examples });
    await expect(restore()).rejects.toMatchObject({
      code: 'ERR_010',
      transient: false,
      message: expect.stringMatching(new RegExp(`^2 rows .*${examples.join(', ')}`)) as unknown,
      next: expect.stringContaining('confirmChanged') as unknown,
    });
    expect(await target.value(`select count(*)::int from customers where customer_code = 'T'`)).toBe(1);
    expect(await target.value('select count(*) > 0 from migration.lineage')).toBe(true);
    await restore({ othersToo: true });
    expect(await target.differences()).toEqual([]);
  });

  it('waits for what others are just writing, and is refused for it', async () => {
    const other = await connect(target.database.config);
    await other.query(`begin; update suppliers set tax_id = 'X' where supplier_code = 'OWN'`);
    const refused = restore().catch((error: unknown) => error);
    const waiting = `select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    while ((await target.value(waiting)) === 0) await setTimeout(10);
    await other.query('commit');
    await other.end();
    expect(await refused).toMatchObject({
      code: 'ERR_010',
      message: expect.stringContaining('1 row that others have written') as unknown,
    });
  });

  it('goes on after a crash behind its commit without taking what it has restored for rows of others', async () => {
    await target.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'crash'; end $$;
      create trigger refuse before update on migration.step_states for each row execute function refuse()`);
    await expect(restore()).rejects.toThrow('crash');
    expect(await target.value('select count(*) > 0 from migration.lineage')).toBe(true);
    await target.query('drop trigger refuse on migration.step_states');
    await restore();
    expect(await prove()).toEqual(proved);
  });

  it('leaves all as it is when it is stopped, or cannot be done', async () => {
    const rows = await target.value('select count(*)::int from products');
    const stop = new AbortController();
    const reason = new Error('told to stop');
    const stopped = restore({
      signal: stop.signal,
      progress: ({ table }) => {
        if (table === 'products') stop.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);

    await target.query('create table notes (product uuid references products on delete cascade)');
    await target.query(
      `insert into notes select unnest(target_uuids) from migration.lineage where step = 'products' limit 1`,
    );
    await expect(restore()).rejects.toMatchObject({
      code: 'ERR_010',
      message: expect.stringContaining('1 rows of notes point (product) at rows of products') as unknown,
    });
    await target.query('update migration.runs set backup = null');
    await expect(restore()).rejects.toMatchObject({
      code: 'ERR_010',
      message: expect.stringContaining('has no backup') as unknown,
      next: expect.stringContaining('fromBackup') as unknown,
    });
    expect(await target.value('select count(*)::int from products')).toBe(rows);
    expect(await target.value('select count(*)::int from notes')).toBe(1);
  });
});
