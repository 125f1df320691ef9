import { company, type Company } from './data/companies.js';
import { drawPeople, type PeopleByCountry } from './data/people.js';
import { catalogueOf } from './dirt/catalogue.js';
import { planDirt, type DirtPlan } from './dirt/plan.js';
import type { LegacyTable } from './legacy-tables.js';
import { Random, uuidFor } from './random.js';
import { splitRows } from './split-rows.js';
import type { LegacyDialect } from './stores/legacy-store.js';
import { vendorMergeRule, type MergeRule } from './vendor-merge-rule.js';

/** All that the rows are made from. Rows are not in it: each is made from its number when it is needed. */
export interface World {
  seed: number;
  counts: Readonly<Record<LegacyTable, number>>;
  people: PeopleByCountry;
  plan: DirtPlan;
}

/** @throws RangeError when `rows` or `seed` is out of range */
export function createWorld(
  rows: number,
  seed: number,
  mostDirtPercent: number,
  dialect: LegacyDialect = 'postgres',
): World {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `The seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}; it is ${seed}.`,
    );
  }
  if (!(mostDirtPercent >= 0 && mostDirtPercent <= 50)) {
    throw new RangeError(
      `The largest share of dirty rows must be 0 to 50 percent; it is ${mostDirtPercent}.`,
    );
  }
  const counts = splitRows(rows);
  const plan = planDirt(counts, seed, mostDirtPercent, catalogueOf(dialect));
  return { seed, counts, people: drawPeople(seed), plan };
}

/** A row's own random numbers. */
export function randomFor(world: World, table: LegacyTable, index: number): Random {
  return new Random(world.seed, table, index);
}

/** A row's UUID, for the tables that have UUIDs. */
export function idFor(world: World, table: LegacyTable, index: number): string {
  return uuidFor(world.seed, table, index);
}

/** Whether the row is to be rejected: nothing clean may point at it. */
export function isRejected(world: World, table: LegacyTable, index: number): boolean {
  return world.plan[table].get(index)?.expected.outcome === 'reject';
}

/** The first row from `start` on, going round, that `accept` takes; every table has clean rows. */
export function firstRow(
  world: World,
  table: LegacyTable,
  start: number,
  accept: (index: number) => boolean,
): number {
  const count = world.counts[table];
  for (let i = 0; i < count; i++) {
    const index = (start + i) % count;
    if (accept(index)) return index;
  }
  throw new RangeError(`No row of ${table} can be referred to; ask for more demo rows or less dirt.`);
}

/** The row itself, or the next one that is not rejected. */
export function liveRow(world: World, table: LegacyTable, start: number): number {
  return firstRow(world, table, start, (index) => !isRejected(world, table, index));
}

export interface VendorMerge {
  rule: MergeRule;
  /** Number of the supplier that is the same company; no dirt is planted in it. */
  supplier: number;
}

/** The supplier that the vendor is, if it is one. */
export function vendorMerge(world: World, vendor: number): VendorMerge | null {
  const rule = vendorMergeRule(world.seed, vendor);
  if (rule === null) return null;
  const { legacy_suppliers: suppliers, legacy_vendors: vendors } = world.counts;
  const start = Math.floor((vendor * suppliers) / vendors);
  const dirty = world.plan.legacy_suppliers;
  return { rule, supplier: firstRow(world, 'legacy_suppliers', start, (index) => !dirty.has(index)) };
}

/** Suppliers have the even company numbers and vendors the odd ones, so that they never meet by chance. */
export function supplierCompany(world: World, supplier: number): Company {
  return company(world.people, supplier * 2);
}

export function vendorCompany(world: World, vendor: number): Company {
  const merge = vendorMerge(world, vendor);
  return merge ? supplierCompany(world, merge.supplier) : company(world.people, vendor * 2 + 1);
}
