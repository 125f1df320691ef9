import type { LegacyTable } from '../legacy-tables.js';
import { dirtFor, type Dirt } from './dirt.js';

type Replacements = { readonly [T in LegacyTable]: Readonly<Record<string, Dirt<T>>> };

const zeroTime = '0000-00-00 00:00:00';
/** The ends of MySQL's timestamp, in UTC. */
const firstSecond = '1970-01-01 00:00:01.000001';
const lastSecond = '2038-01-19 03:14:07.999999';

const customers = dirtFor<'legacy_customers'>();
const suppliers = dirtFor<'legacy_suppliers'>();
const vendors = dirtFor<'legacy_vendors'>();
const products = dirtFor<'legacy_products'>();
const inventory = dirtFor<'legacy_inventory'>();
const priceLists = dirtFor<'legacy_price_lists'>();
const uploadHistory = dirtFor<'legacy_upload_history'>();

/**
 * What stands in an old MySQL where PostgreSQL has a value that no type of MySQL holds: a zero date instead of an
 * infinity, the ends of the types instead of an era, for NaN what a column without strict mode makes of a value
 * that is too big, and for a big number what an unsigned column makes of less than nothing. By the kind that is replaced.
 *
 * Only rows that no other table refers to are rejected instead of kept, so that the clean rows are the same as in
 * PostgreSQL.
 */
const replacements: Replacements = {
  legacy_customers: {
    created_at_infinity: customers.rejects('created_at_zero_date', { created_at: zeroTime }),
    created_at_bc: customers.keeps('created_at_first_year', { created_at: '1000-01-01 00:00:00.000001' }),
    updated_at_minus_infinity: customers.rejects('updated_at_zero_month', {
      updated_at: '2020-00-15 12:00:00',
    }),
  },
  legacy_suppliers: {
    credit_limit_nan: suppliers.rejects('credit_limit_all_nines', { credit_limit: '9999999999999.99' }),
    approved_at_infinity: suppliers.warns('approved_at_zero_date', { approved_at: zeroTime }),
    created_at_bc: suppliers.keeps('created_at_first_year', { created_at: '1000-04-21 00:00:00' }),
  },
  legacy_vendors: {
    created_at_infinity: vendors.keeps('created_at_last_second', { created_at: lastSecond }),
  },
  legacy_products: {
    unit_price_nan: products.rejects('unit_price_all_nines', { unit_price: '9999999999.99', price: null }),
    created_at_infinity: products.keeps('created_at_last_second', { created_at: lastSecond }),
    created_at_year_one: products.keeps('created_at_first_second', { created_at: firstSecond }),
  },
  legacy_inventory: {
    quantity_too_big: inventory.rejects('quantity_below_zero_unsigned', {
      quantity_on_hand: null,
      quantity: '18446744073709551613',
      quantity_reserved: 0,
      quantity_available: null,
    }),
    last_movement_infinity: inventory.warns('last_movement_zero_date', { last_movement: zeroTime }),
    last_stock_check_bc: inventory.warns('last_stock_check_zero_date', { last_stock_check: zeroTime }),
  },
  legacy_price_lists: {
    expiry_date_infinity: priceLists.keeps('expiry_date_last_day', { expiry_date: '9999-12-31' }),
    effective_date_bc: priceLists.keeps('effective_date_first_year', {
      effective_date: '1000-03-15',
      expiry_date: null,
    }),
  },
  legacy_price_list_items: {},
  legacy_upload_history: {
    upload_date_infinity: uploadHistory.rejects('upload_date_zero_date', { upload_date: zeroTime }),
    upload_date_bc: uploadHistory.keeps('upload_date_first_second', { upload_date: firstSecond }),
  },
};

/** The table's dirt with a place for each kind, as MySQL and MariaDB can hold it. */
export function inMysql<T extends LegacyTable>(table: T, dirt: readonly Dirt<T>[]): Dirt<T>[] {
  const instead: Readonly<Record<string, Dirt<T>>> = replacements[table];
  return dirt.map((kind) => instead[kind.kind] ?? kind);
}
