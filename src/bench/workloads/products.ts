import { supplierRows, suppliers, vendors } from './companies.js';
import { uuidOf, type Workload } from './workload.js';

/** 17 columns of which five go to metadata, suppliers by id, one row in a thousand with a price that is refused. */
export function products(rows: number): Workload {
  return {
    name: 'products',
    title: 'products',
    step: 'products',
    rows,
    table: {
      name: 'legacy_products',
      columns: {
        id: ['uuid', uuidOf('product')],
        sku: ['varchar(100)', `'SKU-' || lpad(i::text, 8, '0')`],
        name: ['varchar(255)', `'Cordless drill ' || i || ' with case'`],
        description: [
          'text',
          `'A tool for daily work, item ' || i || ', with two batteries and a charger in a case'`,
        ],
        category: ['varchar(100)', `'tools'`],
        unit_price: [
          'numeric(10,2)',
          `case when i % 1000 = 0 then -1 else round((i % 100000)::numeric / 100 + 1, 2) end`,
        ],
        cost_price: ['numeric(10,2)', `round((i % 50000)::numeric / 100, 2)`],
        supplier_id: ['uuid', uuidOf('supplier', `1 + i % ${supplierRows}`)],
        is_active: ['boolean', 'i % 7 <> 0'],
        product_code: ['varchar(50)', `'P' || i`],
        barcode: ['varchar(50)', `lpad((4000000000000 + i)::text, 13, '0')`],
        weight: ['numeric(10,3)', 'round((i % 5000)::numeric / 1000, 3)'],
        dimensions: ['text', `'{"l": 10, "w": 20, "h": ' || i % 30 || '}'`],
        tags: ['text', `'["drill", "cordless"]'`],
        created_at: ['timestamp', `timestamp '2018-01-01' + i * interval '61.000123 seconds'`],
        updated_at: ['timestamp', `timestamp '2024-06-01' + i * interval '1.5 seconds'`],
        product_name: ['varchar(255)', 'null'],
      },
    },
    beside: [
      { table: suppliers, rows: supplierRows },
      { table: vendors, rows: 0 },
    ],
    refused: { table: 'products', check: `right(sku, 2) <> '01'` },
  };
}
