import type { Expected } from './dirt/dirt.js';
import { legacyTableNames, type LegacyTable } from './legacy-tables.js';
import { recordOf } from './typed-object.js';
import { vendorId } from './rows/parties.js';
import { legacyRow } from './rows/legacy-rows.js';
import { idFor, isRejected, vendorMerge, type World } from './world.js';
import type { MergeRule } from './vendor-merge-rule.js';

/** A kind of dirt and where it was planted. */
export interface PlantedDirt {
  kind: string;
  /** What a migration must do with these rows. */
  expected: Expected;
  /** Legacy ids as text, in loading order. */
  ids: string[];
}

export interface SeedSummary {
  seed: number;
  /** Rows in all tables together. */
  rows: number;
  tables: Record<LegacyTable, { rows: number; dirt: PlantedDirt[] }>;
  /** Vendors that are a supplier's company, none of them rejected, and what gives them away. */
  sameCompanies: { vendorId: string; supplierId: string; rule: MergeRule }[];
  milliseconds: number;
  rowsPerSecond: number;
}

/** The manifest of what a world plants, without loading it. */
export function manifestOf(world: World): Pick<SeedSummary, 'seed' | 'rows' | 'tables' | 'sameCompanies'> {
  const tables = recordOf(legacyTableNames, (table) => ({
    rows: world.counts[table],
    dirt: plantedIn(world, table),
  }));
  const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
  return { seed: world.seed, rows, tables, sameCompanies: sameCompanies(world) };
}

function plantedIn(world: World, table: LegacyTable): PlantedDirt[] {
  const byKind = new Map<string, PlantedDirt>();
  const planted = [...world.plan[table]].sort(([a], [b]) => a - b);
  for (const [index, { kind, expected }] of planted) {
    const id = String(legacyRow(world, table, index).id);
    const dirt = byKind.get(kind);
    if (dirt) dirt.ids.push(id);
    else byKind.set(kind, { kind, expected, ids: [id] });
  }
  return [...byKind.values()];
}

function sameCompanies(world: World): SeedSummary['sameCompanies'] {
  const found: SeedSummary['sameCompanies'] = [];
  for (let vendor = 0; vendor < world.counts.legacy_vendors; vendor++) {
    const merge = isRejected(world, 'legacy_vendors', vendor) ? null : vendorMerge(world, vendor);
    if (!merge) continue;
    found.push({
      vendorId: vendorId(vendor),
      supplierId: idFor(world, 'legacy_suppliers', merge.supplier),
      rule: merge.rule,
    });
  }
  return found;
}
