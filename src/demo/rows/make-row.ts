import type { LegacyRow, LegacyTable } from '../legacy-tables.js';
import type { World } from '../world.js';
import { customerRow } from './customers.js';
import { inventoryRow } from './inventory.js';
import { priceListItemRow } from './price-list-items.js';
import { priceListRow } from './price-lists.js';
import { productRow } from './products.js';
import { supplierRow } from './suppliers.js';
import { uploadHistoryRow } from './upload-history.js';
import { vendorRow } from './vendors.js';

type RowMakers = { readonly [T in LegacyTable]: (world: World, index: number) => LegacyRow<T> };

const makers: RowMakers = {
  legacy_customers: customerRow,
  legacy_suppliers: supplierRow,
  legacy_vendors: vendorRow,
  legacy_products: productRow,
  legacy_inventory: inventoryRow,
  legacy_price_lists: priceListRow,
  legacy_price_list_items: priceListItemRow,
  legacy_upload_history: uploadHistoryRow,
};

/** The row with this number as it is without dirt; always the same for a world. */
export function makeRow<T extends LegacyTable>(world: World, table: T, index: number): LegacyRow<T> {
  return makers[table](world, index);
}
