import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proveUndone } from '../../../src/engine/undo/prove-undone.js';
import { restoreTarget } from '../../../src/engine/undo/restore-target.js';
import { undoStep } from '../../../src/engine/undo/undo-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import {
  entityOf,
  movedTargets,
  ref,
  undoWatch,
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

const restore = (watch = unwatched()) =>
  restoreTarget(target.client, { target: target.database, backup: target.backup }, ref, nxtPlan, watch);
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

    for (const _ of ['once', 'twice']) {
      await restore();
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
    await undoStep(target.client, ref, entityOf('upload-history'), undoWatch());
    await target.query(`update warehouses set name = 'bent' where code = 'OWN'`);
    await restore();
    expect(await prove()).toEqual(proved);
    for (const { step } of nxtPlan.entities.toReversed())
      await undoStep(target.client, ref, entityOf(step), undoWatch());
    expect(await prove()).toEqual(proved);
    await target.query(
      `insert into customers (customer_code, company_name, email) values ('T', 'Theirs', 't@e.x')`,
    );
    expect((await prove()).othersRows).toBe(1);
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
