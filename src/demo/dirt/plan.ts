import type { LegacyTable } from '../legacy-tables.js';
import { Random } from '../random.js';
import { vendorMergeRule } from '../vendor-merge-rule.js';
import type { DirtCatalogue } from './catalogue.js';
import type { Dirt } from './dirt.js';

/** Which rows, by their number, get which dirt; a row has one kind at most. */
export type DirtPlan = { readonly [T in LegacyTable]: ReadonlyMap<number, Dirt<T>> };

/** Whether a row that a kind of dirt needs is planned. */
type NeedMet = (need: NonNullable<Dirt<LegacyTable>['needs']>) => boolean;

type Counts = Readonly<Record<LegacyTable, number>>;

/** The share of a table's rows that are dirty when it has many, in percent. */
const usualPercent = 1;

/** How often a free row is looked for before a kind is left out of a small table. */
const tries = 400;

/**
 * Draws the dirty rows of all tables: 1% of each, more where that is needed for every kind to occur, but
 * never more than `mostPercent` of a table, so that small tables get a part of the kinds.
 */
export function planDirt(
  counts: Counts,
  seed: number,
  mostPercent: number,
  catalogue: DirtCatalogue,
): DirtPlan {
  const planned = new Map<LegacyTable, readonly string[]>();
  const met: NeedMet = ({ table, kinds }) =>
    planned.get(table)?.some((kind) => kinds?.includes(kind) ?? true) ?? false;
  const plan = <T extends LegacyTable>(table: T): Map<number, Dirt<T>> => {
    const rows = planTable(catalogue[table], table, counts[table], seed, mostPercent, met);
    planned.set(
      table,
      rejectedRows(rows).flatMap((index) => rows.get(index)?.kind ?? []),
    );
    return rows;
  };
  // Parents before children: some dirt of children needs a rejected parent.
  return {
    legacy_customers: plan('legacy_customers'),
    legacy_suppliers: plan('legacy_suppliers'),
    legacy_vendors: plan('legacy_vendors'),
    legacy_products: plan('legacy_products'),
    legacy_inventory: plan('legacy_inventory'),
    legacy_price_lists: plan('legacy_price_lists'),
    legacy_price_list_items: plan('legacy_price_list_items'),
    legacy_upload_history: plan('legacy_upload_history'),
  };
}

/** The numbers of the rows that must be rejected, in ascending order; of these kinds only, where given. */
export function rejectedRows<T extends LegacyTable>(
  rows: ReadonlyMap<number, Dirt<T>>,
  kinds?: readonly string[],
): number[] {
  return [...rows]
    .filter(([, dirt]) => dirt.expected.outcome === 'reject' && (kinds?.includes(dirt.kind) ?? true))
    .map(([index]) => index)
    .sort((a, b) => a - b);
}

function planTable<T extends LegacyTable>(
  catalogue: readonly Dirt<T>[],
  table: T,
  count: number,
  seed: number,
  mostPercent: number,
  met: NeedMet,
): Map<number, Dirt<T>> {
  const random = new Random(seed, `dirt/${table}`);
  const rows = new Map<number, Dirt<T>>();
  for (const dirt of catalogue) for (const index of dirt.rows?.(count) ?? []) rows.set(index, dirt);

  const kinds = shuffled(
    catalogue.filter((dirt) => !dirt.rows && (!dirt.needs || met(dirt.needs))),
    random,
  );
  const most = Math.floor((count * mostPercent) / 100);
  const wanted = Math.min(most, Math.max(Math.ceil((count * usualPercent) / 100), kinds.length));
  for (let i = 0; i < wanted; i++) {
    const dirt = kinds[i % kinds.length];
    const index = dirt && freeRow(table, dirt, rows, count, seed, random);
    if (dirt && index !== undefined) rows.set(index, dirt);
  }
  return rows;
}

function freeRow<T extends LegacyTable>(
  table: T,
  dirt: Dirt<T>,
  taken: ReadonlyMap<number, Dirt<T>>,
  count: number,
  seed: number,
  random: Random,
): number | undefined {
  for (let i = 0; i < tries; i++) {
    const index = random.int(0, count - 1);
    if (!taken.has(index) && (table !== 'legacy_vendors' || fits(dirt, seed, index))) return index;
  }
  return undefined;
}

/** A vendor that shares its e-mail with the supplier is recognised by nothing else, so that one stays. */
function fits<T extends LegacyTable>(dirt: Dirt<T>, seed: number, vendor: number): boolean {
  const rule = vendorMergeRule(seed, vendor);
  return dirt.ofSupplier ? rule === 'code' || rule === 'tax id' : rule === null;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
