import { type SeedTable, uuidOf } from './workload.js';

export const supplierRows = 5_000;

/** The suppliers that products and price lists refer to. */
export const suppliers: SeedTable = {
  name: 'legacy_suppliers',
  columns: {
    id: ['uuid', uuidOf('supplier')],
    supplier_code: ['varchar(50)', `'SUP-' || i`],
    company_name: ['varchar(255)', `'Supplier ' || i || ' GmbH'`],
    email: ['varchar(255)', `'office' || i || '@supplier.example'`],
    tax_id: ['varchar(50)', `'DE' || 100000000 + i`],
    created_at: ['timestamp', `timestamp '2020-01-01' + i * interval '1 minute'`],
    updated_at: ['timestamp', `timestamp '2024-01-01'`],
  },
};

/** The plan reads vendors together with suppliers; here there are none. */
export const vendors: SeedTable = {
  name: 'legacy_vendors',
  columns: {
    id: ['uuid', uuidOf('vendor')],
    vendor_code: ['varchar(50)', `'VEN-' || i`],
    company_name: ['varchar(255)', `'Vendor ' || i`],
    email: ['varchar(255)', `'office' || i || '@vendor.example'`],
    tax_id: ['varchar(50)', 'null'],
    created_at: ['timestamp', `timestamp '2020-01-01'`],
    updated_at: ['timestamp', `timestamp '2024-01-01'`],
  },
};
