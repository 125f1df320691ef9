import {
  constant,
  date,
  entity,
  identity,
  json,
  reference,
  source,
  text,
  timestamp,
  timestamps,
} from '../builder.js';
import type { RowCheck } from '../model.js';
import { priceListStatuses } from './statuses.js';

const expiresBeforeItStarts: RowCheck = {
  needs: ['effective_date', 'expiry_date'],
  check: ({ effective_date: effective, expiry_date: expiry }) =>
    effective !== null &&
    expiry !== null &&
    effective !== undefined &&
    expiry !== undefined &&
    expiry < effective
      ? { column: 'expiry_date', reason: 'the expiry date is before the effective date' }
      : undefined,
};

/** The number of items is counted once the items are in (price-list-items). */
export const priceLists = entity({
  step: 'price-lists',
  label: 'price lists',
  dependsOn: ['suppliers'],
  sources: [
    source(
      'legacy_price_lists',
      [
        identity('id'),
        reference('supplier_id', {
          to: 'suppliers',
          id: 'supplier_id',
          code: 'supplier_code',
          missing: 'reject',
          label: 'supplier',
        }),
        text('name', { from: ['name', 'price_list_name'], required: true, min: 2, max: 255 }),
        date('effective_date', { required: true }),
        date('expiry_date'),
        text('status', { max: 50, default: 'draft', known: priceListStatuses }),
        text('version', { max: 50, default: '1.0' }),
        reference('parent_price_list_id', {
          to: 'price-lists',
          id: 'parent_price_list_id',
          missing: 'null',
          label: 'parent price list',
        }),
        text('upload_format', { max: 50 }),
        text('original_file_path'),
        text('original_file_name', { max: 255 }),
        text('validation_status', { max: 50, default: 'pending', lower: true }),
        json('validation_errors', { default: '[]' }),
        identity('approved_by', { namespace: 'users' }),
        timestamp('approved_at'),
        constant('item_count', '0'),
        json('currencies_supported', { default: '["USD"]' }),
        ...timestamps(),
      ],
      { checks: [expiresBeforeItStarts] },
    ),
  ],
});
