import type { Client } from 'pg';

/** Suppliers that the products refer to. */
const suppliers = 5_000;

/** One row in a thousand breaks a rule. */
const dirtyEvery = 1_000;

/**
 * Makes legacy_suppliers and `rows` legacy_products by SQL alone: 17 columns, UUID keys in random order, suppliers by
 * id, five columns that go to metadata, 0.1 % rows that are rejected.
 */
export async function makeLegacyProducts(client: Client, rows: number): Promise<void> {
  await client.query(`
    create table legacy_suppliers (
      id uuid primary key, supplier_code varchar(50), company_name varchar(255), email varchar(255), tax_id varchar(50),
      created_at timestamp, updated_at timestamp);
    create table legacy_vendors (
      id uuid primary key, vendor_code varchar(50), company_name varchar(255), email varchar(255), tax_id varchar(50),
      created_at timestamp, updated_at timestamp);
    create table legacy_products (
      id uuid primary key, sku varchar(100), name varchar(255), description text, category varchar(100),
      unit_price numeric(10,2), cost_price numeric(10,2), supplier_id uuid, is_active boolean, product_code varchar(50),
      barcode varchar(50), weight numeric(10,3), dimensions text, tags text, created_at timestamp, updated_at timestamp,
      product_name varchar(255))`);
  await client.query(
    `insert into legacy_suppliers
     select md5('supplier' || i)::uuid, 'SUP-' || i, 'Supplier ' || i || ' GmbH', 'office' || i || '@supplier.example',
       'DE' || 100000000 + i, timestamp '2020-01-01' + i * interval '1 minute', timestamp '2024-01-01'
     from generate_series(1, $1::int) i`,
    [suppliers],
  );
  await client.query(
    `insert into legacy_products
     select md5('product' || i)::uuid, 'SKU-' || lpad(i::text, 8, '0'), 'Cordless drill ' || i || ' with case',
       'A tool for daily work, item ' || i || ', with two batteries and a charger in a case', 'tools',
       case when i % $2 = 0 then -1 else round((i % 100000)::numeric / 100 + 1, 2) end, round((i % 50000)::numeric / 100, 2),
       md5('supplier' || 1 + i % $3)::uuid, i % 7 <> 0, 'P' || i, lpad((4000000000000 + i)::text, 13, '0'),
       round((i % 5000)::numeric / 1000, 3), '{"l": 10, "w": 20, "h": ' || i % 30 || '}', '["drill", "cordless"]',
       timestamp '2018-01-01' + i * interval '61.000123 seconds', timestamp '2024-06-01' + i * interval '1.5 seconds', null
     from generate_series(1, $1::int) i`,
    [rows, dirtyEvery, suppliers],
  );
  await client.query('vacuum analyze legacy_products');
  await client.query('vacuum analyze legacy_suppliers');
}
