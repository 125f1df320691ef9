import { expect, it } from 'vitest';
import { customers } from './mapping/customers.js';
import { inventory } from './mapping/inventory.js';
import { priceListItems } from './mapping/price-list-items.js';
import { priceLists } from './mapping/price-lists.js';
import { products } from './mapping/products.js';
import { proveCases } from './mapping/prove-cases.js';
import { suppliers, vendors } from './mapping/suppliers.js';
import { uploadHistory } from './mapping/upload-history.js';

proveCases(
  [customers, suppliers, vendors, products, inventory, priceLists, priceListItems, uploadHistory],
  { cannotBe: { PostgreSQL: 10, MySQL: 6, MariaDB: 6 } },
  (run) => {
    it('gives all rows of a run the same migration date: its start', async () => {
      const { rows } = await run().target.query(
        `select started_at = (m->>'migrationDate')::timestamptz as start
         from migration.runs, (
           select metadata as m from customers
           union all select vendor_metadata from suppliers
           union all select metadata from products
           union all select metadata from inventory
           union all select metadata from upload_history where metadata ? 'legacy'
         ) documents
         group by m->>'migrationDate', 1`,
      );
      expect(rows).toEqual([{ start: true }]);
    });
  },
);
