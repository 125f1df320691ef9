/**
 * The tables of NXT NEW DAY. After a change `npx drizzle-kit generate --config src/plan/nxt/drizzle.config.ts` writes the
 * migration into `sql/`. Columns with a unique constraint have its index and no second one.
 */
import {
  type AnyPgColumn,
  boolean,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  serial,
  text,
  timestamp,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

const at = () => timestamp({ withTimezone: true, mode: 'string' });
const id = () => uuid().primaryKey().defaultRandom();
const document = () => jsonb().notNull().default({});
const list = () => jsonb().default([]);
const timestamps = () => ({
  created_at: at().notNull().defaultNow(),
  updated_at: at().notNull().defaultNow(),
});

export const customers = pgTable(
  'customers',
  {
    id: id(),
    customer_code: varchar({ length: 50 }).notNull(),
    company_name: varchar({ length: 255 }).notNull(),
    email: varchar({ length: 255 }).notNull(),
    phone: varchar({ length: 50 }),
    address: document(),
    purchase_history: jsonb().notNull().default([]),
    metadata: document(),
    ...timestamps(),
  },
  (table) => [
    unique('customers_customer_code_key').on(table.customer_code),
    index('customers_email_idx').on(table.email),
    index('customers_company_name_idx').on(table.company_name),
    index('customers_created_at_idx').on(table.created_at),
  ],
);

export const suppliers = pgTable(
  'suppliers',
  {
    id: id(),
    supplier_code: varchar({ length: 50 }).notNull(),
    company_name: varchar({ length: 255 }).notNull(),
    email: varchar({ length: 255 }).notNull(),
    phone: varchar({ length: 50 }),
    website: varchar({ length: 255 }),
    address: document(),
    contact_details: document(),
    payment_terms: document(),
    credit_limit: numeric({ precision: 12, scale: 2 }),
    tax_id: varchar({ length: 50 }),
    supplier_type: varchar({ length: 50 }).default('supplier'),
    industry: varchar({ length: 100 }),
    performance_rating: numeric({ precision: 3, scale: 2 }).default('0'),
    lead_time_days: integer().default(0),
    is_active: boolean().notNull().default(true),
    is_approved: boolean().notNull().default(false),
    approved_at: at(),
    approved_by: uuid(),
    vendor_metadata: document(),
    ...timestamps(),
  },
  (table) => [
    unique('suppliers_supplier_code_key').on(table.supplier_code),
    index('suppliers_company_name_idx').on(table.company_name),
    index('suppliers_email_idx').on(table.email),
    index('suppliers_is_active_idx').on(table.is_active),
    index('suppliers_supplier_type_idx').on(table.supplier_type),
    index('suppliers_industry_idx').on(table.industry),
    index('suppliers_performance_rating_idx').on(table.performance_rating),
    index('suppliers_is_approved_idx').on(table.is_approved),
  ],
);

export const products = pgTable(
  'products',
  {
    id: id(),
    external_id: integer(),
    sku: varchar({ length: 100 }).notNull(),
    name: varchar({ length: 255 }).notNull(),
    description: text(),
    category: varchar({ length: 100 }),
    unit_price: numeric({ precision: 10, scale: 2 }).notNull().default('0'),
    cost_price: numeric({ precision: 10, scale: 2 }).default('0'),
    supplier_id: uuid().references(() => suppliers.id),
    is_active: boolean().notNull().default(true),
    metadata: document(),
    ...timestamps(),
  },
  (table) => [
    unique('products_external_id_key').on(table.external_id),
    unique('products_sku_key').on(table.sku),
    index('products_name_idx').on(table.name),
    index('products_category_idx').on(table.category),
    index('products_supplier_id_idx').on(table.supplier_id),
    index('products_is_active_idx').on(table.is_active),
  ],
);

export const warehouses = pgTable(
  'warehouses',
  {
    id: id(),
    code: varchar({ length: 50 }),
    name: varchar({ length: 255 }),
    address: jsonb(),
    is_active: boolean().notNull().default(true),
    ...timestamps(),
  },
  (table) => [unique('warehouses_code_key').on(table.code)],
);

/** Warehouses and locations may be known elsewhere only, so their ids have no foreign keys. */
export const inventory = pgTable(
  'inventory',
  {
    id: serial().primaryKey(),
    product_id: uuid()
      .notNull()
      .references(() => products.id),
    warehouse_id: uuid().notNull(),
    location_id: uuid(),
    quantity_on_hand: integer().notNull().default(0),
    quantity_reserved: integer().notNull().default(0),
    quantity_in_transit: integer().notNull().default(0),
    quantity_available: integer().notNull(),
    stock_status: varchar({ length: 50 }).notNull(),
    reorder_point: integer().default(0),
    reorder_quantity: integer().default(0),
    min_stock_level: integer().default(0),
    max_stock_level: integer(),
    average_cost: numeric({ precision: 10, scale: 2 }),
    last_purchase_cost: numeric({ precision: 10, scale: 2 }),
    last_stock_check: at(),
    last_movement: at(),
    metadata: document(),
    ...timestamps(),
  },
  (table) => [
    index('inventory_product_id_warehouse_id_idx').on(table.product_id, table.warehouse_id),
    index('inventory_stock_status_idx').on(table.stock_status),
    index('inventory_reorder_point_idx').on(table.reorder_point),
    index('inventory_last_movement_idx').on(table.last_movement),
  ],
);

export const priceLists = pgTable(
  'price_lists',
  {
    id: id(),
    supplier_id: uuid()
      .notNull()
      .references(() => suppliers.id),
    name: varchar({ length: 255 }).notNull(),
    effective_date: date({ mode: 'string' }).notNull(),
    expiry_date: date({ mode: 'string' }),
    status: varchar({ length: 50 }).default('draft'),
    version: varchar({ length: 50 }).default('1.0'),
    parent_price_list_id: uuid().references((): AnyPgColumn => priceLists.id),
    upload_format: varchar({ length: 50 }),
    original_file_path: text(),
    original_file_name: varchar({ length: 255 }),
    validation_status: varchar({ length: 50 }).default('pending'),
    validation_errors: list(),
    approved_by: uuid(),
    approved_at: at(),
    item_count: integer().default(0),
    currencies_supported: jsonb().default(['USD']),
    ...timestamps(),
  },
  (table) => [
    index('price_lists_supplier_id_idx').on(table.supplier_id),
    index('price_lists_status_idx').on(table.status),
    index('price_lists_effective_date_idx').on(table.effective_date),
    index('price_lists_supplier_id_status_idx').on(table.supplier_id, table.status),
    index('price_lists_version_idx').on(table.version),
    index('price_lists_validation_status_idx').on(table.validation_status),
    index('price_lists_parent_price_list_id_idx').on(table.parent_price_list_id),
  ],
);

export const priceListItems = pgTable(
  'price_list_items',
  {
    id: id(),
    price_list_id: uuid()
      .notNull()
      .references(() => priceLists.id, { onDelete: 'cascade' }),
    sku: varchar({ length: 100 }).notNull(),
    description: text(),
    unit_price: numeric({ precision: 15, scale: 5 }).notNull(),
    currency: varchar({ length: 3 }).default('USD'),
    min_quantity: integer().default(1),
    discount_percent: numeric({ precision: 5, scale: 2 }).default('0'),
    tier_pricing: list(),
  },
  (table) => [
    index('price_list_items_price_list_id_idx').on(table.price_list_id),
    index('price_list_items_sku_idx').on(table.sku),
    index('price_list_items_price_list_id_sku_idx').on(table.price_list_id, table.sku),
    index('price_list_items_min_quantity_idx').on(table.min_quantity),
  ],
);

export const uploadHistory = pgTable(
  'upload_history',
  {
    id: id(),
    supplier_id: uuid()
      .notNull()
      .references(() => suppliers.id),
    file_name: varchar({ length: 255 }).notNull(),
    file_type: varchar({ length: 50 }).notNull(),
    file_size: integer().notNull(),
    status: varchar({ length: 50 }).notNull(),
    item_count: integer().default(0),
    success_count: integer().default(0),
    error_count: integer().default(0),
    errors: list(),
    warnings: list(),
    upload_date: at().notNull(),
    completed_at: at(),
    failed_at: at(),
    uploaded_by: uuid().notNull(),
    price_list_id: uuid().references(() => priceLists.id),
    metadata: jsonb().default({}),
    ...timestamps(),
  },
  (table) => [
    index('upload_history_supplier_id_idx').on(table.supplier_id),
    index('upload_history_status_idx').on(table.status),
    index('upload_history_upload_date_idx').on(table.upload_date),
    index('upload_history_uploaded_by_idx').on(table.uploaded_by),
  ],
);
