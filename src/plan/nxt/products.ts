import {
  boolean,
  decimal,
  document,
  entity,
  field,
  identity,
  integer,
  leftovers,
  legacyKey,
  reference,
  runStart,
  source,
  text,
  timestamps,
} from '../builder.js';
import type { RowCheck } from '../model.js';

const costAbovePrice: RowCheck = {
  needs: ['cost_price', 'unit_price'],
  check: ({ cost_price: cost, unit_price: price }) =>
    cost !== null && price !== null && cost !== undefined && price !== undefined && cost > price
      ? { column: 'cost_price', reason: 'the cost price is above the unit price', warning: true }
      : undefined,
};

export const products = entity({
  step: 'products',
  label: 'products',
  dependsOn: ['suppliers'],
  code: 'sku',
  unique: [{ column: 'sku', firstBy: 'created_at' }],
  sources: [
    source(
      'legacy_products',
      [
        identity('id'),
        integer('external_id', { from: 'id', otherwise: 'null' }),
        text('sku', { required: true, min: 3, max: 100 }),
        text('name', { from: ['name', 'product_name'], required: true, max: 255 }),
        text('description'),
        text('category', { max: 100 }),
        decimal('unit_price', {
          from: ['unit_price', 'price'],
          precision: 10,
          scale: 2,
          default: '0',
          min: '0',
        }),
        decimal('cost_price', {
          from: ['cost_price', 'cost'],
          precision: 10,
          scale: 2,
          default: '0',
          min: '0',
        }),
        reference('supplier_id', {
          to: 'suppliers',
          id: 'supplier_id',
          code: 'supplier_code',
          missing: 'null',
          unnamed: 'warn',
          label: 'supplier',
        }),
        boolean('is_active', { default: true }),
        document('metadata', {
          legacy: leftovers({
            id: legacyKey,
            productCode: field('product_code'),
            barcode: field('barcode'),
            weight: field('weight'),
            dimensions: field('dimensions', 'json'),
            tags: field('tags', 'json'),
          }),
          migrationDate: runStart,
        }),
        ...timestamps(),
      ],
      { checks: [costAbovePrice] },
    ),
  ],
});
