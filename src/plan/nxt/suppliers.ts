import {
  boolean,
  type Column,
  constant,
  decimal,
  document,
  entity,
  field,
  fixed,
  identity,
  integer,
  json,
  leftovers,
  legacyKey,
  runStart,
  source,
  text,
  timestamp,
  timestamps,
} from '../builder.js';

/** What suppliers and vendors have in common, but for the name of their code. */
function company(code: string): Column[] {
  return [
    identity('id'),
    text('supplier_code', { from: code, required: true, min: 3, max: 50 }),
    text('company_name', { required: true, max: 255 }),
    text('email', { required: true, max: 255, format: 'email' }),
    text('phone', { max: 50, format: 'phone' }),
    text('website', { max: 255 }),
    json('address', { from: 'address_data', default: '{}' }),
    json('contact_details', { default: '{}' }),
    json('payment_terms', { default: '{}' }),
    decimal('credit_limit', { precision: 12, scale: 2 }),
    text('tax_id', { max: 50 }),
    text('industry', { max: 100 }),
    decimal('performance_rating', {
      precision: 3,
      scale: 2,
      default: '0',
      min: '0',
      max: '5',
      limits: 'warn',
    }),
    integer('lead_time_days', { default: 0, max: 365, limits: 'warn' }),
    boolean('is_active', { default: true }),
    ...timestamps(),
  ];
}

export const suppliers = entity({
  step: 'suppliers',
  label: 'suppliers',
  code: 'supplier_code',
  unique: [{ column: 'supplier_code', firstBy: 'created_at' }],
  sources: [
    source('legacy_suppliers', [
      ...company('supplier_code'),
      text('supplier_type', { max: 50, default: 'supplier' }),
      boolean('is_approved', { default: false }),
      timestamp('approved_at'),
      identity('approved_by', { namespace: 'users' }),
      document('vendor_metadata', {
        legacy: leftovers({ id: legacyKey, originalType: fixed('supplier') }),
        migrationDate: runStart,
      }),
    ]),
    source('legacy_vendors', [
      ...company('vendor_code'),
      constant('supplier_type', 'vendor'),
      constant('is_approved', 'true'),
      timestamp('approved_at', { from: 'created_at' }),
      constant('approved_by', null),
      document('vendor_metadata', {
        legacy: leftovers({
          id: legacyKey,
          originalType: fixed('vendor'),
          vendorType: field('vendor_type'),
          certificationData: field('certification_data', 'json'),
          contractDetails: field('contract_details', 'json'),
        }),
        migrationDate: runStart,
      }),
    ]),
  ],
  consolidation: {
    from: 'legacy_vendors',
    into: 'legacy_suppliers',
    matches: [
      { rule: 'code', columns: ['supplier_code'] },
      { rule: 'tax-id', columns: ['tax_id'] },
      { rule: 'email-and-company-name', columns: ['email', 'company_name'] },
    ],
    firstBy: 'created_at',
    placeholders: { column: 'tax_id', setting: 'ignoredTaxIds' },
    keptIn: { column: 'vendor_metadata', path: ['legacy', 'mergedVendors'] },
  },
});
