import {
  constant,
  document,
  entity,
  field,
  identity,
  leftovers,
  legacyKey,
  runStart,
  source,
  text,
  timestamps,
} from '../builder.js';

export const customers = entity({
  step: 'customers',
  label: 'customers',
  code: 'customer_code',
  unique: [{ column: 'customer_code', firstBy: 'created_at' }],
  sources: [
    source('legacy_customers', [
      identity('id'),
      text('customer_code', { required: true, min: 3, max: 50 }),
      text('company_name', { required: true, min: 2, max: 255 }),
      text('email', { required: true, max: 255, format: 'email' }),
      text('phone', { max: 50, format: 'phone' }),
      document('address', {
        line1: field('address_line_1'),
        line2: field('address_line_2'),
        city: field('city'),
        state: field('state'),
        country: field('country'),
        postalCode: field('postal_code'),
      }),
      constant('purchase_history', '[]'),
      document('metadata', {
        contactPerson: field('contact_person'),
        legacy: leftovers({
          id: legacyKey,
          customerType: field('customer_type'),
          creditLimit: field('credit_limit'),
          paymentTerms: field('payment_terms'),
          taxId: field('tax_id'),
          industry: field('industry'),
          status: field('customer_status'),
        }),
        migrationDate: runStart,
      }),
      ...timestamps(),
    ]),
  ],
});
