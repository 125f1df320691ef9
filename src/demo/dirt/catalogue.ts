import type { LegacyTable } from '../legacy-tables.js';
import { customerDirt } from './customers.js';
import type { LegacyDialect } from '../stores/legacy-store.js';
import type { Dirt } from './dirt.js';
import { inventoryDirt } from './inventory.js';
import { inMysql } from './mysql.js';
import { priceListItemDirt } from './price-list-items.js';
import { priceListDirt } from './price-lists.js';
import { productDirt } from './products.js';
import { supplierDirt } from './suppliers.js';
import { uploadHistoryDirt } from './upload-history.js';
import { vendorDirt } from './vendors.js';

export type DirtCatalogue = { readonly [T in LegacyTable]: readonly Dirt<T>[] };

/** Every kind of dirt, by table. Within a table the kinds have different names. */
export const dirtCatalogue: DirtCatalogue = {
  legacy_customers: customerDirt,
  legacy_suppliers: supplierDirt,
  legacy_vendors: vendorDirt,
  legacy_products: productDirt,
  legacy_inventory: inventoryDirt,
  legacy_price_lists: priceListDirt,
  legacy_price_list_items: priceListItemDirt,
  legacy_upload_history: uploadHistoryDirt,
};

/** The same with a place for each kind, but for what the dialect's types cannot hold: that has something else there. */
export function catalogueOf(dialect: LegacyDialect): DirtCatalogue {
  return dialect === 'postgres' ? dirtCatalogue : mysqlCatalogue;
}

const mysqlCatalogue: DirtCatalogue = {
  legacy_customers: inMysql('legacy_customers', customerDirt),
  legacy_suppliers: inMysql('legacy_suppliers', supplierDirt),
  legacy_vendors: inMysql('legacy_vendors', vendorDirt),
  legacy_products: inMysql('legacy_products', productDirt),
  legacy_inventory: inMysql('legacy_inventory', inventoryDirt),
  legacy_price_lists: inMysql('legacy_price_lists', priceListDirt),
  legacy_price_list_items: inMysql('legacy_price_list_items', priceListItemDirt),
  legacy_upload_history: inMysql('legacy_upload_history', uploadHistoryDirt),
};
