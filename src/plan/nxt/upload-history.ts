import {
  document,
  entity,
  identity,
  integer,
  json,
  leftovers,
  legacyKey,
  reference,
  runStart,
  source,
  text,
  timestamp,
  timestamps,
} from '../builder.js';

export const uploadHistory = entity({
  step: 'upload-history',
  label: 'upload history records',
  dependsOn: ['suppliers', 'price-lists'],
  sources: [
    source('legacy_upload_history', [
      identity('id'),
      reference('supplier_id', {
        to: 'suppliers',
        id: 'supplier_id',
        code: 'supplier_code',
        missing: 'reject',
        label: 'supplier',
      }),
      text('file_name', { required: true, max: 255 }),
      text('file_type', { required: true, max: 50 }),
      integer('file_size', { required: true, min: 0 }),
      text('status', { required: true, max: 50, lower: true }),
      integer('item_count', { default: 0 }),
      integer('success_count', { default: 0 }),
      integer('error_count', { default: 0 }),
      json('errors', { default: '[]' }),
      json('warnings', { default: '[]' }),
      timestamp('upload_date', { required: true }),
      timestamp('completed_at'),
      timestamp('failed_at'),
      identity('uploaded_by', { required: true, namespace: 'users' }),
      reference('price_list_id', {
        to: 'price-lists',
        id: 'price_list_id',
        missing: 'null',
        label: 'price list',
      }),
      // The uploads have a metadata document of their own: what is left over goes beside its keys.
      document(
        'metadata',
        { legacy: leftovers({ id: legacyKey }), migrationDate: runStart },
        { onto: 'metadata' },
      ),
      ...timestamps(),
    ]),
  ],
});
