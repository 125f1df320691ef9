import { supplierRows, suppliers, vendors } from './companies.js';
import { type SeedTable, uuidOf, type Workload } from './workload.js';

const listRows = 2_000;

const priceLists: SeedTable = {
  name: 'legacy_price_lists',
  columns: {
    id: ['uuid', uuidOf('price list')],
    supplier_id: ['uuid', uuidOf('supplier', `1 + i % ${supplierRows}`)],
    name: ['varchar(255)', `'Prices ' || i`],
    effective_date: ['date', `date '2024-01-01'`],
    status: ['varchar(50)', `'active'`],
  },
};

/** Nine columns, a list by id, price steps as JSON, one row in a thousand with a price that is refused. */
export function priceListItems(rows: number): Workload {
  return {
    name: 'price-list-items',
    title: 'price list items',
    step: 'price-list-items',
    rows,
    table: {
      name: 'legacy_price_list_items',
      columns: {
        id: ['uuid', uuidOf('item')],
        price_list_id: ['uuid', uuidOf('price list', `1 + i % ${listRows}`)],
        sku: ['varchar(100)', `'SKU-' || lpad(i::text, 8, '0')`],
        description: ['text', `'Cordless drill ' || i || ' with case'`],
        unit_price: [
          'numeric(15,5)',
          'case when i % 1000 = 0 then -1 else round((i % 100000)::numeric / 700 + 1, 5) end',
        ],
        currency: ['varchar(3)', `case when i % 3 = 0 then 'USD' else 'EUR' end`],
        min_quantity: ['integer', '1 + i % 5'],
        discount_percent: ['numeric(5,2)', 'case when i % 4 = 0 then round((i % 30)::numeric, 2) end'],
        tier_pricing: [
          'jsonb',
          `case when i % 5 = 0 then '[{"minQty": 10, "price": 9.5}, {"minQty": 100, "price": 8.75}]'::jsonb end`,
        ],
      },
    },
    beside: [
      { table: suppliers, rows: supplierRows },
      { table: vendors, rows: 0 },
      { table: priceLists, rows: listRows },
    ],
    refused: { table: 'price_list_items', check: `right(sku, 2) <> '01'` },
  };
}

/** Ten times the price list items, for the ways whose speed at ten times the size is asked for. */
export function manyPriceListItems(rows: number): Workload {
  return {
    ...priceListItems(10 * rows),
    name: 'price-list-items-large',
    title: 'ten times the price list items',
    only: ['move', 'run', 'psql'],
  };
}
