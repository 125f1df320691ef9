import {
  computed,
  decimal,
  document,
  entity,
  field,
  generated,
  identity,
  integer,
  leftovers,
  reference,
  runStart,
  source,
  timestamp,
  timestamps,
} from '../builder.js';
import type { Values } from '../model.js';
import { stockStatuses } from './statuses.js';

function available(values: Values): number {
  return Number(values['quantity_on_hand']) - Number(values['quantity_reserved']);
}

function stockStatus(values: Values): (typeof stockStatuses)[number] {
  const left = available(values);
  if (left <= 0) return 'out_of_stock';
  return left <= Number(values['reorder_point']) ? 'low_stock' : 'in_stock';
}

export const inventory = entity({
  step: 'inventory',
  label: 'inventory records',
  dependsOn: ['products'],
  sources: [
    source('legacy_inventory', [
      generated('id'),
      reference('product_id', {
        to: 'products',
        id: 'product_id',
        code: 'product_sku',
        missing: 'reject',
        label: 'product',
      }),
      identity('warehouse_id', {
        required: true,
        namespace: 'warehouses',
        ensures: {
          table: 'warehouses',
          key: 'id',
          columns: {
            code: { legacyId: true, max: 50 },
            name: { legacyId: true, max: 255 },
            is_active: { constant: true },
            created_at: { runStart: true },
            updated_at: { runStart: true },
          },
        },
      }),
      identity('location_id', { namespace: 'locations' }),
      integer('quantity_on_hand', { from: ['quantity_on_hand', 'quantity'], default: 0, min: 0 }),
      integer('quantity_reserved', { default: 0, min: 0 }),
      integer('quantity_in_transit', { default: 0 }),
      computed('quantity_available', {
        needs: ['quantity_on_hand', 'quantity_reserved'],
        compute: available,
        legacy: { from: 'quantity_available', use: 'compare' },
      }),
      computed('stock_status', {
        needs: ['quantity_on_hand', 'quantity_reserved', 'reorder_point'],
        compute: stockStatus,
        legacy: { from: 'stock_status', use: 'prefer', known: stockStatuses },
      }),
      integer('reorder_point', { default: 0 }),
      integer('reorder_quantity', { default: 0 }),
      integer('min_stock_level', { default: 0 }),
      integer('max_stock_level'),
      decimal('average_cost', { precision: 10, scale: 2 }),
      decimal('last_purchase_cost', { precision: 10, scale: 2 }),
      timestamp('last_stock_check'),
      timestamp('last_movement'),
      document('metadata', {
        legacy: leftovers({
          originalInventoryId: field('id'),
          productSku: field('product_sku'),
        }),
        migrationDate: runStart,
      }),
      ...timestamps(),
    ]),
  ],
});
