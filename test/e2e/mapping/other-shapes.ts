/**
 * The same tables in another installation: integer ids, only the second of the alternative columns, other types, few
 * columns; local times are those of Berlin, phones without a country American. The target has rows already.
 */
import type { Client } from 'pg';
import {
  duplicate,
  inMysql,
  invalid,
  keyOf,
  minted,
  noInfinity,
  notInMysql,
  orphan,
  uuid,
  type Case,
  type LegacyTable,
} from './case.js';

const key = (table: string, id: number): string => keyOf(`legacy_${table}`, String(id));

const localTimes: readonly (readonly [string, string, string])[] = [
  ['winter', '2021-01-15 12:00:00.000001', '2021-01-15 11:00:00.000001+00'],
  ['summer', '2021-07-15 12:00:00', '2021-07-15 10:00:00+00'],
  [
    'the last second before the clocks go forward',
    '2021-03-28 01:59:59.999999',
    '2021-03-28 00:59:59.999999+00',
  ],
  ['a local time that DST skips', '2021-03-28 02:30:00', '2021-03-28 01:30:00+00'],
  ['the first one after', '2021-03-28 03:00:00', '2021-03-28 01:00:00+00'],
  ['a local time that DST repeats', '2021-10-31 02:30:00', '2021-10-31 01:30:00+00'],
  ['before it', '2021-10-31 01:59:59', '2021-10-30 23:59:59+00'],
  ['after it', '2021-10-31 03:00:00', '2021-10-31 02:00:00+00'],
  ['double summer time', '1945-06-15 12:00:00', '1945-06-15 09:00:00+00'],
  ['before time zones', '1850-01-01 00:00:00', '1849-12-31 23:06:32+00'],
  ['the year 1', '0001-01-01 00:00:00', '0001-12-31 23:06:32+00 BC'],
  ['far ahead', '3000-07-01 12:00:00', '3000-07-01 10:00:00+00'],
  ['infinity', 'infinity', 'infinity'],
];

const customers: LegacyTable = {
  table: 'legacy_customers',
  target: 'customers',
  numbered: true,
  types: ["create type customer_status as enum ('active', 'on hold')"],
  mysqlColumns: { customer_status: "enum('active', 'on hold')" },
  columns: {
    id: 'integer',
    customer_code: 'char(60)',
    company_name: 'varchar(300)',
    email: 'text',
    phone: 'text',
    customer_status: 'customer_status',
    created_at: 'timestamp',
    updated_at: 'text',
  },
  good: (i) => ({
    customer_code: `C-${i}`,
    company_name: 'Company',
    email: 'a@example.com',
    created_at: '2020-01-01',
    updated_at: '2020-01-01',
  }),
  cases: [
    { rule: 'a row before one that is taken', row: {}, moves: { company_name: 'Company' } },
    { rule: 'a code that the target has', row: { customer_code: 'TAKEN' }, ...duplicate('customer_code') },
    {
      rule: 'the target has it in another case',
      row: { customer_code: 'taken-2' },
      ...duplicate('customer_code'),
    },
    {
      rule: 'a row between',
      row: { customer_status: 'on hold' },
      moves: { "metadata #>> '{legacy,status}'": 'on hold' },
    },
    {
      rule: 'an id whose key the target has; what it would have been warned of goes with it',
      row: { id: '4711', phone: 'none' },
      moves: { customer_code: 'OLD-3' },
      ...duplicate('customers_pkey'),
    },
    {
      rule: 'a taken code and a fault',
      row: { customer_code: 'Taken', email: 'none' },
      rejects: { codes: ['ERR_003', 'ERR_005'], columns: ['email', 'customer_code'] },
    },
    { rule: 'a row behind', row: {}, moves: { address: '{}', "metadata #>> '{legacy,id}'": '7' } },
    { rule: 'an American phone', row: { phone: ' (212) 555-0123 ' }, moves: { phone: '+12125550123' } },
    { rule: 'plain digits', row: { phone: '2125550123' }, moves: { phone: '+12125550123' } },
    { rule: 'a foreign phone', row: { phone: '+49 30 12345678' }, moves: { phone: '+493012345678' } },
    { rule: 'no phone', row: { phone: 'none' }, moves: { phone: 'none' }, warns: ['phone'] },
    ...localTimes.map(([rule, created_at, becomes]): Case => ({
      rule: `a local time: ${rule}`,
      row: { created_at, updated_at: created_at },
      moves: { created_at: becomes, updated_at: becomes },
      ...(becomes === 'infinity' ? notInMysql(noInfinity) : {}),
    })),
    {
      rule: 'a text that names its zone',
      row: { updated_at: '2021-07-15T12:00:00.5+05:45' },
      moves: { updated_at: '2021-07-15 06:15:00.5+00' },
    },
    { rule: 'a text that is no time', row: { updated_at: 'yesterday' }, ...invalid('updated_at') },
    { rule: 'a zero date is a reject', row: { updated_at: '0000-00-00 00:00:00' }, ...invalid('updated_at') },
  ],
};

const supplierColumns = {
  id: 'integer',
  company_name: 'text',
  email: 'text',
  tax_id: 'text',
  created_at: 'timestamptz',
};

const suppliers: LegacyTable = {
  table: 'legacy_suppliers',
  target: 'suppliers',
  numbered: true,
  columns: {
    ...supplierColumns,
    supplier_code: 'text',
    is_active: 'boolean',
    is_approved: 'char(3)',
    credit_limit: 'money',
  },
  mysqlColumns: { credit_limit: 'decimal(12,2)' },
  good: (i) => ({
    supplier_code: `S-${i + 1}`,
    company_name: 'S',
    email: 's@example.com',
    created_at: '2020-01-01 00:00:00+00',
  }),
  cases: [
    {
      rule: 'booleans',
      row: { is_active: 'false', is_approved: 'Y' },
      moves: { is_active: 'false', is_approved: 'true' },
    },
    {
      rule: 'a code that the target has',
      row: { supplier_code: 'TAKEN-S', tax_id: 'T-1' },
      ...duplicate('supplier_code'),
    },
    {
      rule: 'money as the server prints it',
      row: { credit_limit: '5' },
      ...invalid('credit_limit'),
      ...inMysql('it is a decimal: there is no type for money', { moves: { credit_limit: '5.00' } }),
    },
    {
      rule: 'few columns',
      row: { is_active: null },
      moves: {
        is_active: 'true',
        phone: null,
        address: '{}',
        approved_at: null,
        'updated_at = (select started_at from migration.runs)': 'true',
      },
    },
  ],
};

const vendors: LegacyTable = {
  table: 'legacy_vendors',
  target: 'suppliers',
  numbered: true,
  columns: { ...supplierColumns, vendor_code: 'text' },
  good: (i) => ({
    vendor_code: `V-${i + 1}`,
    company_name: `V ${i}`,
    email: 'v@example.com',
    created_at: '2020-01-01 00:00:00+00',
  }),
  cases: [
    {
      rule: 'an id that a supplier has too',
      row: {},
      moves: { supplier_code: 'V-1', approved_at: '2020-01-01 00:00:00+00', is_active: 'true' },
    },
    {
      rule: 'its supplier stays out, so it is one of its own',
      row: { tax_id: 't-1' },
      moves: { supplier_code: 'V-2' },
    },
    { rule: 'a code that the target has', row: { vendor_code: ' taken-s' }, ...duplicate('vendor_code') },
    { rule: 'an id of its own', row: { id: '99' }, moves: { supplier_code: 'V-4' } },
  ],
};

const products: LegacyTable = {
  table: 'legacy_products',
  target: 'products',
  numbered: true,
  columns: {
    id: 'integer',
    sku: 'text',
    product_name: 'text',
    price: 'double precision',
    cost: 'integer',
    supplier_id: 'integer',
    is_active: 'boolean',
    created_at: 'timestamp',
  },
  good: (i) => ({ sku: `P-${i + 1}`, product_name: 'P', supplier_id: '4', created_at: '2020-01-01' }),
  cases: [
    {
      rule: 'only the second columns',
      row: { price: '12.5', cost: '3', product_name: ' Lamp ' },
      moves: {
        external_id: '1',
        name: 'Lamp',
        unit_price: '12.50',
        cost_price: '3.00',
        supplier_id: key('suppliers', 4),
        created_at: '2019-12-31 23:00:00+00',
      },
    },
    { rule: 'floating point is not rounded', row: { price: '0.30000000000000004' }, ...invalid('price') },
    {
      rule: 'NaN',
      row: { price: 'NaN' },
      ...invalid('price'),
      ...notInMysql('every double of MySQL and MariaDB is a number'),
    },
    {
      rule: 'a supplier and a vendor: the supplier',
      row: { supplier_id: '1' },
      moves: { supplier_id: key('suppliers', 1) },
      warns: ['supplier_id'],
    },
    {
      rule: 'the supplier stayed out: an orphan',
      row: { supplier_id: '2' },
      moves: { supplier_id: null },
      warns: ['supplier_id'],
    },
    { rule: 'only a vendor', row: { supplier_id: '99' }, moves: { supplier_id: key('vendors', 99) } },
    { rule: 'an SKU that the target has', row: { sku: 'TAKEN-P' }, ...duplicate('sku') },
    { rule: 'an external id that the target has', row: { id: '77' }, ...duplicate('external_id') },
  ],
};

const inventory: LegacyTable = {
  table: 'legacy_inventory',
  target: 'inventory',
  numbered: true,
  legacyKey: "metadata #>> '{legacy,originalInventoryId}'",
  columns: {
    id: 'integer',
    product_sku: 'text',
    warehouse_id: 'integer',
    quantity: 'numeric',
    created_at: 'timestamp',
  },
  good: () => ({ product_sku: 'p-1', warehouse_id: '1', created_at: '2020-01-01' }),
  cases: [
    {
      rule: 'a warehouse that the target has stays as it is',
      row: { quantity: '5.00' },
      moves: {
        quantity_on_hand: '5',
        quantity_available: '5',
        stock_status: 'in_stock',
        product_id: key('products', 1),
        '(select code from warehouses w where w.id = warehouse_id)': 'MAIN',
      },
    },
    {
      rule: 'one that it has not is made',
      row: { warehouse_id: '2' },
      moves: { '(select code from warehouses w where w.id = warehouse_id)': '2' },
    },
    {
      rule: 'a product that the target has, and no legacy row, is not there',
      row: { product_sku: 'TAKEN-P' },
      ...orphan('product_sku'),
    },
    { rule: 'half a piece', row: { quantity: '0.5' }, ...invalid('quantity') },
  ],
};

const priceLists: LegacyTable = {
  table: 'legacy_price_lists',
  target: 'price_lists',
  numbered: true,
  columns: {
    id: 'smallint',
    supplier_code: 'text',
    price_list_name: 'text',
    effective_date: 'timestamp',
    parent_price_list_id: 'smallint',
  },
  good: (i) => ({ supplier_code: 's-4', price_list_name: `List ${i}`, effective_date: '2020-01-01' }),
  cases: [
    {
      rule: 'only the second columns',
      row: { parent_price_list_id: '2' },
      moves: {
        supplier_id: key('suppliers', 4),
        parent_price_list_id: key('price_lists', 2),
        effective_date: '2020-01-01',
        status: 'draft',
        item_count: '1',
        'created_at = (select started_at from migration.runs)': 'true',
      },
    },
    {
      rule: 'a time of day, which a date cannot hold, is kept, with a warning',
      row: { effective_date: '2020-01-01 23:30:00' },
      moves: { effective_date: '2020-01-01' },
      warns: ['effective_date'],
    },
    { rule: 'a supplier that stayed out', row: { supplier_code: 'TAKEN-S' }, ...orphan('supplier_code') },
  ],
};

const priceListItems: LegacyTable = {
  table: 'legacy_price_list_items',
  target: 'price_list_items',
  numbered: true,
  columns: { id: 'bigint', price_list_id: 'smallint', sku: 'text', price: 'numeric' },
  good: () => ({ price_list_id: '1', sku: 'p-1', price: '1' }),
  cases: [
    {
      rule: 'few columns',
      row: {},
      moves: {
        price_list_id: key('price_lists', 1),
        unit_price: '1.00000',
        currency: 'USD',
        tier_pricing: '[]',
      },
    },
    { rule: 'a list that stayed out', row: { price_list_id: '3' }, ...orphan('price_list_id') },
  ],
};

const uploadHistory: LegacyTable = {
  table: 'legacy_upload_history',
  target: 'upload_history',
  numbered: true,
  columns: {
    id: 'text',
    supplier_code: 'text',
    file_name: 'text',
    file_type: 'text',
    file_size: 'bigint',
    status: 'text',
    upload_date: 'timestamp',
    uploaded_by: 'integer',
    price_list_id: 'smallint',
  },
  good: () => ({
    supplier_code: 'V-4',
    file_name: 'x',
    file_type: 'csv',
    file_size: '1',
    status: 'done',
    upload_date: '2021-07-15 12:00:00',
    uploaded_by: '17',
  }),
  cases: [
    {
      rule: 'few columns',
      row: { price_list_id: '1' },
      moves: {
        supplier_id: key('vendors', 99),
        upload_date: '2021-07-15 10:00:00+00',
        uploaded_by: minted('users', '17'),
        price_list_id: key('price_lists', 1),
        "metadata -> 'legacy'": '{"id": "1", "uploadedBy": "17"}',
      },
    },
    {
      rule: 'a UUID in capitals that the target has',
      row: { id: uuid(0xfff).toUpperCase() },
      moves: { file_name: 'old' },
      ...duplicate('upload_history_pkey'),
    },
    {
      rule: 'a UUID in capitals',
      row: { id: uuid(0xffe).toUpperCase() },
      moves: {
        id: uuid(0xffe),
        "(select legacy_keys[array_position(target_uuids, upload_history.id)] from migration.lineage where step = 'upload-history')":
          uuid(0xffe).toUpperCase(),
      },
    },
    {
      rule: 'a list that stayed out',
      row: { price_list_id: '3' },
      moves: { price_list_id: null },
      warns: ['price_list_id'],
    },
  ],
};

export const otherShapes = [
  customers,
  suppliers,
  vendors,
  products,
  inventory,
  priceLists,
  priceListItems,
  uploadHistory,
];

/** What the target holds before the run. */
export async function occupy(target: Client): Promise<void> {
  const old = uuid(0xfff);
  await target.query(`
    insert into customers (id, customer_code, company_name, email) values
      ('${uuid(0xf01)}', 'TAKEN', 'Old', 'old@example.com'),
      ('${uuid(0xf02)}', 'Taken-2', 'Old', 'old@example.com'),
      ('${key('customers', 4711)}', 'OLD-3', 'Old', 'old@example.com');
    insert into suppliers (id, supplier_code, company_name, email) values ('${old}', 'TAKEN-S', 'Old', 'old@example.com');
    insert into products (id, external_id, sku, name) values ('${old}', 77, 'TAKEN-P', 'Old');
    insert into warehouses (id, code, name) values ('${minted('warehouses', '1')}', 'MAIN', 'Old');
    insert into inventory (product_id, warehouse_id, quantity_available, stock_status)
      values ('${old}', '${minted('warehouses', '1')}', 0, 'in_stock');
    insert into price_lists (id, supplier_id, name, effective_date, item_count) values ('${old}', '${old}', 'Old', '2000-01-01', 9);
    insert into price_list_items (id, price_list_id, sku, unit_price) values ('${old}', '${old}', 'TAKEN-P', 1);
    insert into upload_history (id, supplier_id, file_name, file_type, file_size, status, upload_date, uploaded_by)
      values ('${old}', '${old}', 'old', 'csv', 1, 'done', '2000-01-01', '${old}')`);
}
