import type { Surroundings } from '../dirt/dirt.js';
import { rejectedRows } from '../dirt/plan.js';
import type { LegacyRow, LegacyTable } from '../legacy-tables.js';
import { Random, uuidFor } from '../random.js';
import { vendorMergeRule } from '../vendor-merge-rule.js';
import { firstRow, type World } from '../world.js';
import { makeRow } from './make-row.js';

/** The row as it is loaded: with its dirt, if any is planted in it. */
export function legacyRow<T extends LegacyTable>(world: World, table: T, index: number): LegacyRow<T> {
  const row = makeRow(world, table, index);
  const dirt = world.plan[table].get(index);
  dirt?.spoil(row, surroundings(world, table, index, dirt.needs?.kinds));
  return row;
}

/** All rows of a table, one at a time. */
export function* legacyRows<T extends LegacyTable>(world: World, table: T): Generator<LegacyRow<T>> {
  for (let index = 0; index < world.counts[table]; index++) yield legacyRow(world, table, index);
}

function surroundings(
  world: World,
  table: LegacyTable,
  index: number,
  rejectedKinds: readonly string[] | undefined,
): Surroundings {
  const random = new Random(world.seed, `spoil/${table}`, index);
  return {
    index,
    at: (other, otherIndex) => makeRow(world, other, otherIndex),
    clean(other) {
      const start = random.int(0, world.counts[other] - 1);
      const isClean = (i: number): boolean =>
        !world.plan[other].has(i) &&
        !(other === table && i === index) &&
        (other !== 'legacy_vendors' || vendorMergeRule(world.seed, i) === null);
      return makeRow(world, other, firstRow(world, other, start, isClean));
    },
    rejected(other) {
      return makeRow(world, other, random.pick(rejectedRows(world.plan[other], rejectedKinds)));
    },
    unknownId: () => uuidFor(world.seed, `unknown/${table}`, index),
  };
}
