import { Random } from './random.js';

/** By what a vendor can be recognised as a supplier's company. */
export type MergeRule = 'code' | 'tax id' | 'email and name';

const rules: readonly MergeRule[] = ['code', 'code', 'tax id', 'email and name'];

/** Whether the vendor with this number is also a supplier, as three in ten are, and what gives it away. */
export function vendorMergeRule(seed: number, vendor: number): MergeRule | null {
  const random = new Random(seed, 'vendor merge', vendor);
  return random.chance(30) ? random.pick(rules) : null;
}
