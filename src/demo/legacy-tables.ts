import { keysOf } from './typed-object.js';

/** A column's type in no dialect: each store maps it to the nearest type of its database. */
export type ColumnType =
  | 'boolean'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'text'
  | `varchar(${number})`
  | 'uuid'
  | 'date'
  /** Without a zone; the values are UTC. */
  | 'timestamp'
  /** With a zone. */
  | 'timestamptz'
  /** JSON kept as it was written, duplicate keys included. */
  | 'json'
  | 'jsonb';

/**
 * The legacy wholesaler's tables in loading order, with their columns. `id` is the primary key and the only
 * column that must be filled: the old application checked the rest, when it did. Text columns are wider than
 * the new system's, and one of two alternative money columns is text, so that what is wrong can be there.
 * order_channels, legacy_note, erp_reference, shelf_mark, bin_note, negotiated_by, line_note and upload_host are what this
 * wholesaler added for itself.
 */
const legacyTables = {
  legacy_customers: {
    id: 'integer',
    customer_code: 'varchar(80)',
    company_name: 'text',
    email: 'varchar(300)',
    phone: 'varchar(80)',
    address_line_1: 'varchar(255)',
    address_line_2: 'varchar(255)',
    city: 'varchar(120)',
    state: 'varchar(120)',
    country: 'varchar(120)',
    postal_code: 'varchar(20)',
    contact_person: 'varchar(255)',
    customer_type: 'varchar(30)',
    credit_limit: 'numeric',
    payment_terms: 'text',
    tax_id: 'varchar(60)',
    industry: 'varchar(100)',
    customer_status: 'varchar(30)',
    order_channels: 'varchar(60)',
    legacy_note: 'text',
    created_at: 'timestamp',
    updated_at: 'timestamp',
  },
  legacy_suppliers: {
    id: 'uuid',
    supplier_code: 'varchar(80)',
    company_name: 'text',
    email: 'varchar(300)',
    phone: 'varchar(80)',
    website: 'text',
    address_data: 'jsonb',
    contact_details: 'json',
    payment_terms: 'jsonb',
    credit_limit: 'numeric',
    tax_id: 'varchar(80)',
    supplier_type: 'varchar(50)',
    industry: 'varchar(100)',
    performance_rating: 'numeric',
    lead_time_days: 'integer',
    is_active: 'boolean',
    is_approved: 'smallint',
    approved_at: 'timestamptz',
    approved_by: 'varchar(80)',
    erp_reference: 'varchar(40)',
    created_at: 'timestamp',
    updated_at: 'timestamp',
  },
  legacy_vendors: {
    id: 'varchar(40)',
    vendor_code: 'varchar(80)',
    company_name: 'text',
    email: 'varchar(300)',
    phone: 'varchar(80)',
    website: 'text',
    address_data: 'text',
    contact_details: 'json',
    payment_terms: 'text',
    credit_limit: 'varchar(30)',
    tax_id: 'varchar(80)',
    industry: 'varchar(100)',
    performance_rating: 'numeric',
    lead_time_days: 'integer',
    is_active: 'varchar(10)',
    vendor_type: 'varchar(50)',
    certification_data: 'text',
    contract_details: 'text',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
  },
  legacy_products: {
    id: 'uuid',
    sku: 'varchar(150)',
    name: 'text',
    product_name: 'text',
    description: 'text',
    category: 'varchar(150)',
    unit_price: 'numeric',
    price: 'varchar(30)',
    cost_price: 'numeric',
    cost: 'varchar(30)',
    supplier_id: 'varchar(60)',
    supplier_code: 'varchar(80)',
    is_active: 'varchar(10)',
    product_code: 'varchar(40)',
    barcode: 'varchar(20)',
    weight: 'numeric',
    dimensions: 'text',
    tags: 'text',
    shelf_mark: 'varchar(20)',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
  },
  legacy_inventory: {
    id: 'bigint',
    product_id: 'uuid',
    product_sku: 'varchar(150)',
    warehouse_id: 'varchar(60)',
    location_id: 'varchar(60)',
    quantity_on_hand: 'integer',
    quantity: 'bigint',
    quantity_reserved: 'integer',
    quantity_in_transit: 'integer',
    quantity_available: 'integer',
    stock_status: 'varchar(30)',
    reorder_point: 'integer',
    reorder_quantity: 'integer',
    min_stock_level: 'integer',
    max_stock_level: 'integer',
    average_cost: 'numeric',
    last_purchase_cost: 'numeric',
    last_stock_check: 'timestamptz',
    last_movement: 'timestamptz',
    bin_note: 'text',
    created_at: 'timestamp',
    updated_at: 'timestamp',
  },
  legacy_price_lists: {
    id: 'uuid',
    supplier_id: 'varchar(60)',
    supplier_code: 'varchar(80)',
    name: 'text',
    price_list_name: 'text',
    effective_date: 'date',
    expiry_date: 'date',
    status: 'varchar(30)',
    version: 'varchar(30)',
    parent_price_list_id: 'uuid',
    upload_format: 'varchar(20)',
    original_file_path: 'text',
    original_file_name: 'text',
    validation_status: 'varchar(30)',
    validation_errors: 'json',
    approved_by: 'varchar(60)',
    approved_at: 'timestamptz',
    item_count: 'integer',
    currencies_supported: 'json',
    negotiated_by: 'varchar(120)',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
  },
  legacy_price_list_items: {
    id: 'uuid',
    price_list_id: 'uuid',
    sku: 'varchar(150)',
    description: 'text',
    unit_price: 'numeric',
    price: 'varchar(30)',
    currency: 'varchar(10)',
    min_quantity: 'integer',
    discount_percent: 'numeric',
    tier_pricing: 'json',
    line_note: 'text',
  },
  legacy_upload_history: {
    id: 'bigint',
    supplier_id: 'varchar(60)',
    supplier_code: 'varchar(80)',
    file_name: 'text',
    file_type: 'varchar(50)',
    file_size: 'bigint',
    status: 'varchar(50)',
    item_count: 'integer',
    success_count: 'integer',
    error_count: 'integer',
    errors: 'json',
    warnings: 'text',
    upload_date: 'timestamptz',
    completed_at: 'timestamptz',
    failed_at: 'timestamptz',
    uploaded_by: 'varchar(60)',
    price_list_id: 'uuid',
    metadata: 'json',
    upload_host: 'varchar(60)',
    created_at: 'timestamp',
    updated_at: 'timestamp',
  },
} as const satisfies Record<string, { id: ColumnType } & Record<string, ColumnType>>;

export type LegacyTable = keyof typeof legacyTables;
export type LegacyColumn<T extends LegacyTable> = keyof (typeof legacyTables)[T] & string;

/** Decimals, timestamps, JSON and integers over 2^53 are text, as the database is to read them. */
export type Cell = string | number | boolean | null;
export type LegacyRow<T extends LegacyTable> = Record<LegacyColumn<T>, Cell>;

/** In loading order: parents first. */
export const legacyTableNames: readonly LegacyTable[] = keysOf(legacyTables);

type ColumnTypes = { readonly [T in LegacyTable]: Readonly<Record<LegacyColumn<T>, ColumnType>> };

/** The table's columns with their types, in the order of the table. */
export function columnsOf<T extends LegacyTable>(table: T): [LegacyColumn<T>, ColumnType][] {
  const tables: ColumnTypes = legacyTables;
  const columns = tables[table];
  return keysOf(columns).map((column) => [column, columns[column]]);
}
