import { definePlan } from '../builder.js';
import { schemaFolder } from '../schema-folder.js';
import { businessRules } from './business-rules.js';
import { customers } from './customers.js';
import { inventory } from './inventory.js';
import { priceListItems } from './price-list-items.js';
import { priceLists } from './price-lists.js';
import { products } from './products.js';
import { suppliers } from './suppliers.js';
import { uploadHistory } from './upload-history.js';

/** The wholesaler's legacy system → NXT NEW DAY. */
export const nxtPlan = definePlan({
  name: 'nxt',
  title: 'NXT NEW DAY',
  entities: [customers, suppliers, products, inventory, priceLists, priceListItems, uploadHistory],
  rules: businessRules,
  schema: {
    tables: [
      'customers',
      'suppliers',
      'products',
      'warehouses',
      'inventory',
      'price_lists',
      'price_list_items',
      'upload_history',
    ],
    migrationsFolder: schemaFolder(import.meta.url, './sql'),
  },
});
