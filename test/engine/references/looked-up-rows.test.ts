import { afterAll, beforeAll, expect, test } from 'vitest';
import { MovedRows } from '../../../src/engine/references/moved-rows.js';
import type { Resolution } from '../../../src/engine/transform/types.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { movedTargets, ref, type MovedTarget, type MovedTargets } from '../undo/moved-target.js';

let targets: MovedTargets;
let target: MovedTarget;
beforeAll(async () => {
  targets = await movedTargets(2_000);
  target = await targets.copy();
  // As in a target whose tables were empty before the run: only there rows can be looked up in them.
  await target.query('update migration.step_states set before = 0');
}, 120_000);
afterAll(() => targets.close());

/** What all these ids lead to, asked for again as long as something had to be read first. */
async function resolve(rows: MovedRows, ids: readonly string[]): Promise<Resolution[]> {
  await rows.load(target.client);
  for (;;) {
    const answers = ids.map((id) => rows.byLegacyId(id));
    if (!rows.isWanting) return answers;
    await rows.loadWanted(target.client);
  }
}

test.each(['suppliers', 'products', 'price-lists'])(
  'rows of a table too large to be loaded are found as loaded ones are: %s',
  async (step) => {
    const entity = nxtPlan.entities.find((candidate) => candidate.step === step);
    if (!entity) throw new Error(`the plan has no step ${step}`);
    const rows = (most?: number) =>
      new MovedRows(entity, ref.run, { currencies: undefined, knownBefore: null, most });
    const known = await target.query(
      `select coalesce(k.legacy, k.target::text) as id
       from migration.lineage l cross join lateral unnest(l.target_uuids, l.legacy_keys) k(target, legacy) where step = $1
       union all select legacy_id from migration.merges where step = $1
       union all select legacy_id from migration.rejects where step = $1
       union all select 'nobody' union all select gen_random_uuid()::text`,
      [step],
    );
    const ids = known.map(({ id }) => String(id));
    expect(ids.length).toBeGreaterThan(5);
    const loaded = await resolve(rows(), ids);
    expect(loaded.filter(({ found }) => found).length).toBeGreaterThan(3);
    expect(await resolve(rows(0), ids)).toEqual(loaded);
    expect(await resolve(rows(0), [...ids, ...ids])).toEqual([...loaded, ...loaded]);

    // In small portions, so that what was looked up has to be forgotten on the way.
    const few = rows(5);
    const portions: Resolution[] = [];
    for (let at = 0; at < ids.length; at += 7) {
      const portion = ids.slice(at, at + 7);
      if (at === 0) portions.push(...(await resolve(few, portion)));
      else
        for (;;) {
          const answers = portion.map((id) => few.byLegacyId(id));
          if (few.isWanting) await few.loadWanted(target.client);
          else {
            portions.push(...answers);
            break;
          }
        }
    }
    expect(portions).toEqual(loaded);
  },
);
