/**
 * A small legacy database by hand, with a row for every way that a row can go. PostgreSQL and MySQL read the same
 * statements.
 */

/** A UUID that tells its number. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

const company = `company_name varchar(255), email varchar(255), phone varchar(50), website varchar(255), tax_id varchar(50),
  industry varchar(100), performance_rating decimal(5,2), lead_time_days int, is_active varchar(5), created_at timestamp(6) null,
  updated_at timestamp(6) null`;

/** One statement each. */
export const tracedLegacy: readonly string[] = [
  `create table legacy_customers (id varchar(60) primary key, customer_code varchar(80), company_name varchar(300),
    email varchar(300), phone varchar(80), city varchar(80), credit_limit varchar(40), legacy_note varchar(200),
    created_at timestamp(6) null, updated_at timestamp(6) null)`,
  `insert into legacy_customers (id, customer_code, company_name, email, phone, city, credit_limit, legacy_note, created_at) values
    ('customer-17', 'CUST-17', '  Acme Trading ', 'a@acme.example', '+1-555-123-4567', 'Bonn', '1000.50', 'calls often', '2020-01-02 03:04:05'),
    ('${uuid(1)}', 'CUST-1', 'Bolt', 'b@bolt.example', 'extension 9', null, null, null, '2020-01-01 00:00:00'),
    ('customer-18', ' cust-17', 'Acme again', 'again@acme.example', null, null, null, null, '2021-01-01 00:00:00'),
    ('customer-19', 'CUST-19', 'No mail', 'none', null, null, null, null, null),
    ('customer-20', 'CUST-20', 'Mended later', 'none', null, null, null, null, null),
    ('customer-21', 'CUST-21', 'Changed in target', 'c21@x.example', null, null, null, null, null),
    ('customer-22', 'CUST-22', 'Changed in source', 'c22@x.example', null, null, null, null, null),
    ('customer-23', 'CUST-23', 'Gone', 'c23@x.example', null, null, null, null, null)`,
  `create table legacy_suppliers (id varchar(60) primary key, supplier_code varchar(80), ${company})`,
  `insert into legacy_suppliers (id, supplier_code, company_name, email, tax_id, created_at) values
    ('7', 'SUP-7', 'Seven', 'seven@x.example', 'T7', '2020-01-01 00:00:00')`,
  `create table legacy_vendors (id varchar(60) primary key, vendor_code varchar(80), ${company})`,
  `insert into legacy_vendors (id, vendor_code, company_name, email, tax_id, created_at) values
    ('vendor-1', 'sup-7 ', 'Seven as a vendor', 'v1@x.example', null, '2020-01-01 00:00:00'),
    ('7', 'VEN-7', 'Another seven', 'v7@x.example', null, '2020-01-01 00:00:00')`,
  `create table legacy_products (id int primary key, sku varchar(100), product_name varchar(255), price varchar(40),
    supplier_id varchar(60), supplier_code varchar(60), tags text)`,
  `insert into legacy_products values
    (1, 'SKU-1', 'Nut', '1.5', 'vendor-1', null, '["small"]'),
    (2, 'SKU-2', 'Bolt', '2.50', 'nobody', 'sup-7', null),
    (3, 'SKU-3', 'Orphan', null, 'nobody', null, null)`,
  `create table legacy_inventory (id int primary key, product_id varchar(60), product_sku varchar(60), warehouse_id varchar(60),
    quantity int, quantity_reserved int)`,
  `insert into legacy_inventory values (901, '1', null, 'hall-1', 10, 3), (902, null, 'sku-2', 'hall-1', 5, null),
    (903, '4711', null, 'hall-2', 1, null)`,
  `create table legacy_price_lists (id varchar(60) primary key, supplier_id varchar(60), name varchar(255), effective_date date,
    parent_price_list_id varchar(60))`,
  `insert into legacy_price_lists values ('list-1', '7', 'Child', '2024-01-01', 'list-2'), ('list-2', 'vendor-1', 'Parent', '2024-01-01', null)`,
  `create table legacy_price_list_items (id varchar(60) primary key, price_list_id varchar(60), sku varchar(60), unit_price varchar(40),
    line_note varchar(60))`,
  `insert into legacy_price_list_items values ('item-1', 'list-1', 'SKU-1', '12.3', 'by hand'), ('item-2', 'list-1', 'SKU-X', '1', null)`,
  `create table legacy_upload_history (id varchar(60) primary key, supplier_id varchar(60), file_name varchar(255), file_type varchar(50),
    file_size int, status varchar(50), upload_date timestamp(6) null, uploaded_by varchar(60))`,
  `insert into legacy_upload_history values ('up-1', '7', 'a.csv', 'csv', 10, 'done', '2024-01-01 00:00:00', 'user-1')`,
];

/** Changes made once the run is done, so that the two sides differ. */
export const changedInSource: readonly string[] = [
  `update legacy_customers set company_name = 'Changed since' where id = 'customer-22'`,
  `delete from legacy_customers where id = 'customer-23'`,
];
