import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { schemaBookkeeping } from '../../src/plan/schema-folder.js';
import { testServer, type TestServer } from '../demo/database.js';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
  client = new Client({ connectionString: await server.database('nxt') });
  await client.connect();
  await migrate(drizzle(client), {
    migrationsFolder: nxtPlan.schema.migrationsFolder,
    ...schemaBookkeeping(nxtPlan),
  });
  await client.query(soundRows);
}, 30_000);
afterAll(async () => {
  await client.end();
  await server.close();
});

const id = (digit: number): string => `00000000-0000-4000-8000-${String(digit).padStart(12, '0')}`;

/** One row of each table, and nothing wrong with any. */
const soundRows = `
  INSERT INTO customers (id, customer_code, company_name, email)
  VALUES ('${id(1)}', 'C-001', 'Northwind', 'Orders@northwind.example');
  INSERT INTO suppliers (id, supplier_code, company_name, email, is_approved, vendor_metadata)
  VALUES ('${id(2)}', 'S-001', 'Acme', 'sales@mail.acme.example', true, '{"legacy": {"originalType": "vendor"}}');
  INSERT INTO products (id, sku, name, unit_price, cost_price, supplier_id)
  VALUES ('${id(3)}', 'SKU-1', 'Bolt', 2.50, 1.00, '${id(2)}');
  INSERT INTO inventory (id, product_id, warehouse_id, quantity_on_hand, quantity_reserved, quantity_available, stock_status)
  VALUES (4, '${id(3)}', '${id(40)}', 10, 4, 6, 'in_stock');
  INSERT INTO price_lists (id, supplier_id, name, effective_date, expiry_date, status)
  VALUES ('${id(5)}', '${id(2)}', 'Spring', '2025-01-01', '2025-01-01', 'active');
  INSERT INTO price_list_items (id, price_list_id, sku, unit_price, discount_percent)
  VALUES ('${id(6)}', '${id(5)}', ' sku-1', 2.40, 100);`;

/** For each rule what breaks it, and the keys that are then found. */
const broken: Record<string, [sql: string, keys: string[]]> = {
  'unique-customer-codes': [
    `INSERT INTO customers (id, customer_code, company_name, email)
     VALUES ('${id(9)}', ' c-001', 'South', 'a@b.example')`,
    [id(1), id(9)],
  ],
  'unique-supplier-codes': [
    `INSERT INTO suppliers (id, supplier_code, company_name, email)
     VALUES ('${id(9)}', 's-001', 'Other', 'a@b.example')`,
    [id(2), id(9)],
  ],
  'unique-skus': [
    `INSERT INTO products (id, sku, name) VALUES ('${id(9)}', 'sku-1 ', 'Nut')`,
    [id(3), id(9)],
  ],
  'customers-emails-well-formed': [`UPDATE customers SET email = 'orders@northwind'`, [id(1)]],
  'suppliers-emails-well-formed': [`UPDATE suppliers SET email = 'sales@acme..example'`, [id(2)]],
  'product-prices-not-negative': [`UPDATE products SET cost_price = -0.01`, [id(3)]],
  'inventory-quantities-not-negative': [
    `UPDATE inventory SET quantity_reserved = -1, quantity_available = 11`,
    ['4'],
  ],
  'price-list-item-prices-not-negative': [`UPDATE price_list_items SET unit_price = -0.00001`, [id(6)]],
  'available-is-on-hand-minus-reserved': [`UPDATE inventory SET quantity_available = 7`, ['4']],
  'available-within-on-hand': [`UPDATE inventory SET quantity_available = 11`, ['4']],
  'reorder-point-covers-minimum-stock': [`UPDATE inventory SET min_stock_level = 1`, ['4']],
  'stock-statuses-known': [`UPDATE inventory SET stock_status = 'lost'`, ['4']],
  'effective-date-before-expiry-date': [`UPDATE price_lists SET expiry_date = '2024-12-31'`, [id(5)]],
  'price-list-statuses-known': [`UPDATE price_lists SET status = 'on hold'`, [id(5)]],
  'discounts-between-0-and-100': [`UPDATE price_list_items SET discount_percent = 100.01`, [id(6)]],
  'minimum-quantities-at-least-1': [`UPDATE price_list_items SET min_quantity = 0`, [id(6)]],
  'active-price-lists-have-items': [`DELETE FROM price_list_items`, [id(5)]],
  'active-suppliers-have-offers': [
    `INSERT INTO suppliers (id, supplier_code, company_name, email)
     VALUES ('${id(9)}', 'S-009', 'Idle', 'a@b.example')`,
    [id(9)],
  ],
  'active-products-have-inventory': [`DELETE FROM inventory`, [id(3)]],
  'price-list-items-point-at-known-skus': [`UPDATE price_list_items SET sku = 'SKU-2'`, [id(6)]],
  'legacy-vendors-approved': [`UPDATE suppliers SET is_approved = false`, [id(2)]],
};

async function failing(name: string): Promise<string[]> {
  const rule = nxtPlan.rules.find((each) => each.name === name);
  const { rows } = await client.query<[string]>({ text: rule?.failing ?? '', rowMode: 'array' });
  return rows.map(([key]) => key).sort();
}

test('every rule is tried here', () => {
  expect(Object.keys(broken).sort()).toEqual(nxtPlan.rules.map((rule) => rule.name).sort());
});

test.each(nxtPlan.rules.map((rule) => rule.name))(
  '%s finds the row that breaks it, and no sound one',
  async (name) => {
    const [sql, keys] = broken[name] ?? ['', []];
    expect(await failing(name)).toEqual([]);
    await client.query('BEGIN');
    try {
      await client.query(sql);
      expect(await failing(name)).toEqual(keys);
    } finally {
      await client.query('ROLLBACK');
    }
  },
);

test.each([
  ['a@b.example', true],
  ["o'neil+spring@mail.b.example", true],
  ['ab.example', false],
  ['a@b', false],
  ['a@b@c.example', false],
  ['a@b.example, c@d.example', false],
  ['a b@c.example', false],
  ['a;b@c.example', false],
  ['a..b@c.example', false],
])('the e-mail address %s is well formed: %s', async (email, good) => {
  await client.query('BEGIN');
  try {
    await client.query('UPDATE customers SET email = $1', [email]);
    expect(await failing('customers-emails-well-formed')).toEqual(good ? [] : [id(1)]);
  } finally {
    await client.query('ROLLBACK');
  }
});
