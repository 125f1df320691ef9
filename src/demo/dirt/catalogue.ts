import type { LegacyTable } from '../legacy-tables.js';
import { customerDirt } from './customers.js';
import type { Dirt } from './dirt.js';
import { inventoryDirt } from './inventory.js';
import { priceListItemDirt } from './price-list-items.js';
import { priceListDirt } from './price-lists.js';
import { productDirt } from './products.js';
import { supplierDirt } from './suppliers.js';
import { uploadHistoryDirt } from './upload-history.js';
import { vendorDirt } from './vendors.js';

/** Every kind of dirt, by table. Within a table the kinds have different names. */
export const dirtCatalogue: { readonly [T in LegacyTable]: readonly Dirt<T>[] } = {
  legacy_customers: customerDirt,
  legacy_suppliers: supplierDirt,
  legacy_vendors: vendorDirt,
  legacy_products: productDirt,
  legacy_inventory: inventoryDirt,
  legacy_price_lists: priceListDirt,
  legacy_price_list_items: priceListItemDirt,
  legacy_upload_history: uploadHistoryDirt,
};
