import { Random } from '../random.js';
import { isRejected, type World } from '../world.js';

/** Which items are on which price list. */
export interface ItemRanges {
  listOf(item: number): { list: number; place: number };
  /** Items of the list that are not rejected. */
  goodItems(list: number): number;
}

const known = new WeakMap<World, ItemRanges>();

/** Lists that are not rejected share out all items in runs of different length. Made once for a world. */
export function itemRanges(world: World): ItemRanges {
  let ranges = known.get(world);
  if (!ranges) {
    ranges = makeRanges(world);
    known.set(world, ranges);
  }
  return ranges;
}

function makeRanges(world: World): ItemRanges {
  const { legacy_price_lists: lists, legacy_price_list_items: items } = world.counts;
  const live = Array.from({ length: lists }, (_, list) => list).filter(
    (list) => !isRejected(world, 'legacy_price_lists', list),
  );
  const weights = live.map((list) => new Random(world.seed, 'list length', list).int(60, 140));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const ends = weights.map((weight) => {
    sum += weight;
    return Math.floor((items * sum) / total);
  });
  const sizes = new Map(live.map((list, i) => [list, (ends[i] ?? 0) - (ends[i - 1] ?? 0)]));

  const find = (item: number): number => {
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) > item) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  for (const [item, dirt] of world.plan.legacy_price_list_items) {
    if (dirt.expected.outcome !== 'reject') continue;
    const list = live[find(item)] ?? 0;
    sizes.set(list, (sizes.get(list) ?? 0) - 1);
  }
  return {
    listOf(item) {
      const i = find(item);
      return { list: live[i] ?? 0, place: item - (ends[i - 1] ?? 0) };
    },
    goodItems: (list) => sizes.get(list) ?? 0,
  };
}
