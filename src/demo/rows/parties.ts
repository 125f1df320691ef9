import type { Company } from '../data/companies.js';
import type { LegacyTable } from '../legacy-tables.js';
import { Random } from '../random.js';
import { idFor, liveRow, supplierCompany, vendorCompany, vendorMerge, type World } from '../world.js';

/** Who sells: a supplier or a vendor, by row number. */
export interface Party {
  table: Extract<LegacyTable, 'legacy_suppliers' | 'legacy_vendors'>;
  index: number;
}

export function supplierCode(world: World, supplier: number): string {
  return `${supplierCompany(world, supplier).mark}-${numbered(supplier)}`;
}

/** A vendor that is known by its supplier's code writes it in its own way. */
export function vendorCode(world: World, vendor: number): string {
  const merge = vendorMerge(world, vendor);
  if (merge?.rule !== 'code') return `V-${vendorCompany(world, vendor).mark}-${numbered(vendor)}`;
  const code = supplierCode(world, merge.supplier);
  const spellings = [code, code.toLowerCase(), `${code} `, ` ${code.toLowerCase()}`, `${code}\u00A0`];
  return new Random(world.seed, 'vendor code', vendor).pick(spellings);
}

export function vendorId(vendor: number): string {
  return `vendor-${vendor + 1}`;
}

function numbered(index: number): string {
  return String(index + 1).padStart(5, '0');
}

export function companyOf(world: World, party: Party): Company {
  return party.table === 'legacy_vendors'
    ? vendorCompany(world, party.index)
    : supplierCompany(world, party.index);
}

/** A party by its number among suppliers and vendors together, or the next that is not rejected. */
export function partyAt(world: World, number: number): Party {
  const suppliers = world.counts.legacy_suppliers;
  return number < suppliers
    ? { table: 'legacy_suppliers', index: liveRow(world, 'legacy_suppliers', number) }
    : { table: 'legacy_vendors', index: liveRow(world, 'legacy_vendors', number - suppliers) };
}

/** How a row refers to who sells: mostly by id, sometimes by id and code, sometimes by code only. */
export function referenceTo(
  world: World,
  party: Party,
  random: Random,
): { supplier_id: string | null; supplier_code: string | null } {
  const isVendor = party.table === 'legacy_vendors';
  const way = random.int(0, 99);
  return {
    supplier_id:
      way < 85 ? (isVendor ? vendorId(party.index) : idFor(world, party.table, party.index)) : null,
    supplier_code:
      way < 70 ? null : isVendor ? vendorCode(world, party.index) : supplierCode(world, party.index),
  };
}

/**
 * Main parties are the few that publish price lists and sell most products, since a wholesaler's lists hold
 * over a hundred items each. Their number comes from the tables' sizes.
 */
export function mainPartyCount(world: World): number {
  const products = Math.max(1, Math.floor((world.counts.legacy_products * 4) / 5));
  return Math.min(products, Math.max(1, Math.ceil((world.counts.legacy_price_lists * 2) / 3)));
}

/** The main party with this ordinal; one in eight is a vendor. */
export function mainParty(world: World, ordinal: number): Party {
  const { legacy_suppliers: suppliers, legacy_vendors: vendors } = world.counts;
  const share = ordinal / mainPartyCount(world);
  return ordinal % 8 === 7
    ? partyAt(world, suppliers + Math.floor(share * vendors))
    : partyAt(world, Math.floor(share * suppliers));
}
