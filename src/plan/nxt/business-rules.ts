/**
 * What must hold in NXT NEW DAY after the move. Each rule is one statement over whole tables that returns the keys of
 * the failing rows as text and nothing else. A rule that a legacy row may break and still move, with a warning, is a
 * warning here too.
 */
import type { BusinessRule } from '../model.js';
import { priceListStatuses, stockStatuses } from './statuses.js';

export const businessRules: readonly BusinessRule[] = [
  unique('customers', 'customers', 'customer_code', 'Customer codes are unique'),
  unique('suppliers', 'suppliers', 'supplier_code', 'Supplier codes are unique, vendors included'),
  unique('products', 'products', 'sku', 'SKUs are unique'),
  emails('customers'),
  emails('suppliers'),
  {
    name: 'product-prices-not-negative',
    title: 'Prices of products are not negative',
    step: 'products',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM products
      WHERE unit_price < 0
         OR cost_price < 0`,
  },
  {
    name: 'inventory-quantities-not-negative',
    title: 'Quantities on hand and reserved are not negative',
    step: 'inventory',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM inventory
      WHERE quantity_on_hand < 0
         OR quantity_reserved < 0`,
  },
  {
    name: 'price-list-item-prices-not-negative',
    title: 'Prices of price list items are not negative',
    step: 'price-list-items',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM price_list_items
      WHERE unit_price < 0`,
  },
  {
    name: 'available-is-on-hand-minus-reserved',
    title: 'The available quantity is what is on hand less what is reserved',
    step: 'inventory',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM inventory
      WHERE quantity_available::bigint <> quantity_on_hand::bigint - quantity_reserved`,
  },
  {
    name: 'available-within-on-hand',
    title: 'The available quantity is not above the quantity on hand',
    step: 'inventory',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM inventory
      WHERE quantity_available > quantity_on_hand`,
  },
  {
    name: 'reorder-point-covers-minimum-stock',
    title: 'The reorder point is not under the minimum stock level',
    step: 'inventory',
    severity: 'info',
    failing: `
      SELECT id::text
      FROM inventory
      WHERE reorder_point < min_stock_level`,
  },
  {
    name: 'stock-statuses-known',
    title: 'Stock statuses are known',
    step: 'inventory',
    severity: 'warning',
    failing: `
      SELECT id::text
      FROM inventory
      WHERE stock_status NOT IN (${literals(stockStatuses)})`,
  },
  {
    name: 'effective-date-before-expiry-date',
    title: 'The effective date is not after the expiry date',
    step: 'price-lists',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM price_lists
      WHERE effective_date > expiry_date`,
  },
  {
    name: 'price-list-statuses-known',
    title: 'Statuses of price lists are known',
    step: 'price-lists',
    severity: 'warning',
    failing: `
      SELECT id::text
      FROM price_lists
      WHERE status NOT IN (${literals(priceListStatuses)})`,
  },
  {
    name: 'discounts-between-0-and-100',
    title: 'Discounts are between 0 and 100 percent',
    step: 'price-list-items',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM price_list_items
      WHERE discount_percent NOT BETWEEN 0 AND 100`,
  },
  {
    name: 'minimum-quantities-at-least-1',
    title: 'Minimum quantities are at least 1',
    step: 'price-list-items',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM price_list_items
      WHERE min_quantity < 1`,
  },
  {
    name: 'active-price-lists-have-items',
    title: 'Active price lists have items',
    step: 'price-list-items',
    // A list whose items were empty or rejected has moved all the same: named, and no reason to hold the run.
    severity: 'warning',
    failing: `
      SELECT list.id::text
      FROM price_lists AS list
      WHERE list.status = 'active'
        AND NOT EXISTS (SELECT FROM price_list_items AS item WHERE item.price_list_id = list.id)`,
  },
  {
    name: 'active-suppliers-have-offers',
    title: 'Active suppliers have products or price lists',
    step: 'price-lists',
    severity: 'info',
    failing: `
      SELECT supplier.id::text
      FROM suppliers AS supplier
      WHERE supplier.is_active
        AND NOT EXISTS (SELECT FROM products AS product WHERE product.supplier_id = supplier.id)
        AND NOT EXISTS (SELECT FROM price_lists AS list WHERE list.supplier_id = supplier.id)`,
  },
  {
    name: 'active-products-have-inventory',
    title: 'Active products have inventory',
    step: 'inventory',
    severity: 'info',
    failing: `
      SELECT product.id::text
      FROM products AS product
      WHERE product.is_active
        AND NOT EXISTS (SELECT FROM inventory WHERE inventory.product_id = product.id)`,
  },
  {
    name: 'price-list-items-point-at-known-skus',
    title: 'Price list items point at known SKUs',
    step: 'price-list-items',
    severity: 'warning',
    failing: `
      SELECT item.id::text
      FROM price_list_items AS item
      WHERE NOT EXISTS (SELECT FROM products AS product WHERE lower(btrim(product.sku)) = lower(btrim(item.sku)))`,
  },
  {
    name: 'legacy-vendors-approved',
    title: 'Suppliers that were legacy vendors are approved',
    step: 'suppliers',
    severity: 'error',
    failing: `
      SELECT id::text
      FROM suppliers
      WHERE vendor_metadata #>> '{legacy,originalType}' = 'vendor'
        AND NOT is_approved`,
  },
];

/** Codes are the same when they are equal after trimming and case folding. */
function unique(step: string, table: string, column: string, title: string): BusinessRule {
  return {
    name: `unique-${column.replaceAll('_', '-')}s`,
    title,
    step,
    severity: 'error',
    failing: `
      SELECT id::text
      FROM ${table}
      JOIN (
        SELECT lower(btrim(${column})) AS code
        FROM ${table}
        GROUP BY 1
        HAVING count(*) > 1
      ) AS taken_twice ON lower(btrim(${table}.${column})) = taken_twice.code`,
  };
}

/** As the move itself looks at addresses: one @, a domain with a dot, no two dots in a row, no white space, comma or semicolon. */
function emails(table: 'customers' | 'suppliers'): BusinessRule {
  return {
    name: `${table}-emails-well-formed`,
    title: `E-mail addresses of ${table} are well formed`,
    step: table,
    severity: 'error',
    failing: `
      SELECT id::text
      FROM ${table}
      WHERE email !~ '^[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;]+$'
         OR email LIKE '%..%'`,
  };
}

function literals(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(', ');
}
