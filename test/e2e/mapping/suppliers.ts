import {
  duplicate,
  invalid,
  minted,
  noInfinity,
  notInMysql,
  noZeroDates,
  onlyInMysql,
  uuid,
  type Case,
  type LegacyTable,
} from './case.js';

const metadata = "vendor_metadata - 'migrationDate'";
const legacy = "vendor_metadata -> 'legacy'";

const onlyNumbers = 'every decimal of MySQL and MariaDB is a number';

const company = {
  id: 'text',
  company_name: 'text',
  email: 'text',
  phone: 'text',
  website: 'text',
  contact_details: 'json',
  tax_id: 'text',
  industry: 'text',
  performance_rating: 'numeric',
  created_at: 'timestamp',
  updated_at: 'timestamptz',
};

/** Suppliers that rows of other tables refer to. */
export const acme = uuid(0x5001);
export const bolt = uuid(0x5002);
/** Rejected: they have bad e-mail addresses. */
export const badSupplier = uuid(0x5003);
export const badVendor = 'bad-vendor';
/** Rejected as a duplicate of acme. */
export const acmeAgain = uuid(0x5004);
/** A vendor that became part of acme, and one of its own. */
export const acmeVendor = 'acme-vendor';
export const ownVendor = 'own-vendor';
/** A supplier and a vendor; a rejected supplier and a vendor. */
export const both = '5';
export const onlyVendorMoved = '6';
/** A UUID that a supplier and a vendor have. */
export const sharedUuid = uuid(0x5005);

const kept: Case[] = [
  {
    rule: 'a supplier to refer to',
    row: { id: acme, supplier_code: 'ACME' },
    moves: { supplier_code: 'ACME' },
  },
  { rule: 'another one', row: { id: bolt, supplier_code: 'BOLT' }, moves: { supplier_code: 'BOLT' } },
  {
    rule: 'a rejected one',
    row: { id: badSupplier, supplier_code: 'BAD-S', email: 'none' },
    ...invalid('email'),
  },
  {
    rule: 'the same code later is a duplicate',
    row: { id: acmeAgain, supplier_code: ' acme', created_at: '2021-01-01' },
    ...duplicate('supplier_code', acme),
  },
  {
    rule: 'an id that a vendor has too',
    row: { id: both, supplier_code: 'FIVE-S' },
    moves: { [`${legacy} ->> 'id'`]: '5' },
  },
  {
    rule: 'a rejected one with an id that a vendor has',
    row: { id: onlyVendorMoved, email: '' },
    ...invalid('email'),
  },
  {
    rule: 'a UUID that a vendor has too stays',
    row: { id: sharedUuid, supplier_code: 'SHARED-S' },
    moves: { supplier_code: 'SHARED-S' },
  },
];

/** Suppliers that vendors are merged into. */
const hosts: Case[] = [
  {
    rule: "the supplier's fields win, missing ones too; merged vendors are kept whole",
    row: {
      id: 'host-1',
      supplier_code: 'HOST-1',
      company_name: 'Host One',
      tax_id: null,
      website: null,
      phone: null,
    },
    moves: {
      supplier_code: 'HOST-1',
      company_name: 'Host One',
      tax_id: null,
      website: null,
      phone: null,
      supplier_type: 'supplier',
      is_approved: 'false',
      [legacy]: `{"id": "host-1", "originalType": "supplier", "mergedVendors": [
        {"id": "mv-bad", "vendorCode": "host-1", "companyName": "", "email": "none", "isActive": "maybe",
         "contactDetails": "{\\"fax\\": 1, \\"fax\\": 2}", "addressData": "not JSON", "creditLimit": "$5",
         "createdAt": "2020-01-02T03:04:05", "updatedAt": "2020-01-02T03:04:05Z"},
        {"id": "mv-code", "vendorCode": "host-1", "companyName": "Host 1 Direct", "email": "direct@host.example",
         "phone": "123", "website": "w", "taxId": "T-1", "industry": "Food", "creditLimit": "0010.50",
         "performanceRating": "4.10", "leadTimeDays": "3", "isActive": "N", "vendorType": "local",
         "contactDetails": {"n": 9007199254740993, "r": 1.10}, "paymentTerms": {"days": 30},
         "addressData": {"city": "Köln"}, "certificationData": ["ISO"], "contractDetails": "see page 2",
         "vendorNote": "x", "createdAt": "2020-01-02T03:04:05", "updatedAt": "2020-01-02T03:04:05Z"}]}`,
    },
  },
  {
    rule: 'a tax id',
    row: { id: 'host-2', supplier_code: 'HOST-2', tax_id: ' de-2 ' },
    moves: { tax_id: 'de-2' },
  },
  {
    rule: 'the same tax id, later',
    row: { id: 'host-3', supplier_code: 'HOST-3', tax_id: 'DE-2', created_at: '2021-01-01' },
    moves: { [legacy]: '{"id": "host-3", "originalType": "supplier"}' },
  },
  {
    rule: 'an e-mail and a name',
    row: { id: 'host-4', supplier_code: 'HOST-4', email: 'four@host.example', company_name: 'Host Four' },
    moves: { email: 'four@host.example' },
  },
  { rule: 'no tax id: N/A', row: { supplier_code: 'NA-1', tax_id: 'N/A' }, moves: { tax_id: 'N/A' } },
  { rule: 'no tax id: zeros', row: { supplier_code: 'NA-2', tax_id: '0000' }, moves: { tax_id: '0000' } },
  { rule: 'no tax id: -', row: { supplier_code: 'NA-3', tax_id: '-' }, moves: { tax_id: '-' } },
  {
    rule: 'rejected, and a vendor has its code and its tax id',
    row: { id: 'bad-host', supplier_code: 'BAD-HOST', tax_id: 'BAD-TAX', email: 'none' },
    ...invalid('email'),
  },
];

export const suppliers: LegacyTable = {
  table: 'legacy_suppliers',
  target: 'suppliers',
  columns: {
    ...company,
    supplier_code: 'text',
    address_data: 'text',
    payment_terms: 'jsonb',
    credit_limit: 'numeric',
    supplier_type: 'text',
    lead_time_days: 'numeric',
    is_active: 'bit(1)',
    is_approved: 'integer',
    approved_at: 'timestamptz',
    approved_by: 'text',
    erp_reference: 'text',
  },
  good: (n) => ({
    supplier_code: `SUP-${n}`,
    company_name: `Supplier ${n}`,
    email: `s${n}@example.com`,
    created_at: '2020-01-02 03:04:05',
    updated_at: '2020-01-02 03:04:05+00',
  }),
  cases: [
    ...kept,
    ...hosts,
    {
      rule: 'every field',
      row: {
        id: '17',
        supplier_code: ' S-17 ',
        phone: '+44 20 7946 0018',
        website: ' https://x.example ',
        address_data: ' {"city": "Leeds", "a": [1.10]} ',
        contact_details: '{"n": 9007199254740993, "e": 1e400, "r": 1.10}',
        payment_terms: '{"days": 30}',
        credit_limit: '9999999999.99',
        tax_id: 'GB-17',
        supplier_type: 'importer',
        industry: 'Tools',
        performance_rating: '4.50',
        lead_time_days: '5.0',
        is_active: '0',
        is_approved: '1',
        approved_at: '2020-05-06 07:08:09.123456+02',
        approved_by: 'u-17',
        erp_reference: 'ERP/1',
      },
      moves: {
        supplier_code: 'S-17',
        phone: '+442079460018',
        website: 'https://x.example',
        address: '{"a": [1.10], "city": "Leeds"}',
        contact_details: `{"n": 9007199254740993, "e": 1${'0'.repeat(400)}, "r": 1.10}`,
        payment_terms: '{"days": 30}',
        credit_limit: '9999999999.99',
        tax_id: 'GB-17',
        supplier_type: 'importer',
        industry: 'Tools',
        performance_rating: '4.50',
        lead_time_days: '5',
        is_active: 'false',
        is_approved: 'true',
        approved_at: '2020-05-06 05:08:09.123456+00',
        approved_by: '46fac9dc-95df-5fde-b063-63d3f3a3df3a',
        [metadata]:
          '{"legacy": {"id": "17", "originalType": "supplier", "erpReference": "ERP/1", "approvedBy": "u-17"}}',
        created_at: '2020-01-02 03:04:05+00',
        updated_at: '2020-01-02 03:04:05+00',
      },
    },
    {
      rule: 'every default',
      row: { id: uuid(0x5100), supplier_type: ' ', address_data: '' },
      moves: {
        phone: null,
        website: null,
        address: '{}',
        contact_details: '{}',
        payment_terms: '{}',
        credit_limit: null,
        tax_id: null,
        supplier_type: 'supplier',
        industry: null,
        performance_rating: '0.00',
        lead_time_days: '0',
        is_active: 'true',
        is_approved: 'false',
        approved_at: null,
        approved_by: null,
        [metadata]: '{"legacy": {"originalType": "supplier"}}',
      },
    },
    {
      rule: 'a JSON null where the column has a default is missing',
      row: { address_data: ' null ', contact_details: 'null', payment_terms: 'null' },
      moves: { address: '{}', contact_details: '{}', payment_terms: '{}' },
    },
    { rule: 'text that is no JSON', row: { address_data: "{'city': 'Leeds'}" }, ...invalid('address_data') },
    { rule: 'duplicate keys', row: { contact_details: '{"a": 1, "a": 1}' }, ...invalid('contact_details') },
    {
      rule: 'duplicate keys within',
      row: { address_data: '[{"a": {"b": 1, "b": 2}}]' },
      ...invalid('address_data'),
    },
    { rule: 'a NUL escape', row: { contact_details: '{"a": "\\u0000"}' }, ...invalid('contact_details') },
    {
      rule: 'a lone surrogate',
      row: { contact_details: '{"a": "\\udc00x"}' },
      ...invalid('contact_details'),
    },
    {
      rule: 'a pair of surrogates is a character',
      row: { contact_details: '{"a": "\\ud83d\\ude00"}' },
      moves: { contact_details: '{"a": "😀"}' },
    },
    {
      rule: 'a number beyond numeric',
      row: { contact_details: '{"a": 1e200000}' },
      ...invalid('contact_details'),
    },
    { rule: 'one digit too many', row: { credit_limit: '10000000000.00' }, ...invalid('credit_limit') },
    { rule: 'never a silent rounding', row: { credit_limit: '5000.005' }, ...invalid('credit_limit') },
    {
      rule: 'zeros behind the point always fit',
      row: { credit_limit: '5000.500000' },
      moves: { credit_limit: '5000.50' },
    },
    { rule: 'NaN', row: { credit_limit: 'NaN' }, ...invalid('credit_limit'), ...notInMysql(onlyNumbers) },
    {
      rule: 'infinity is no decimal',
      row: { credit_limit: 'Infinity' },
      ...invalid('credit_limit'),
      ...notInMysql(onlyNumbers),
    },
    { rule: 'a rating of 5', row: { performance_rating: '5' }, moves: { performance_rating: '5.00' } },
    {
      rule: 'a rating above 5',
      row: { performance_rating: '5.01' },
      moves: { performance_rating: '5.01' },
      warns: ['performance_rating'],
    },
    {
      rule: 'a rating below 0',
      row: { performance_rating: '-0.01' },
      moves: { performance_rating: '-0.01' },
      warns: ['performance_rating'],
    },
    {
      rule: 'a rating that does not fit',
      row: { performance_rating: '10' },
      ...invalid('performance_rating'),
    },
    {
      rule: 'a rating of three decimals',
      row: { performance_rating: '4.567' },
      ...invalid('performance_rating'),
    },
    { rule: 'a lead time of a year', row: { lead_time_days: '365' }, moves: { lead_time_days: '365' } },
    {
      rule: 'a lead time over a year',
      row: { lead_time_days: '366' },
      moves: { lead_time_days: '366' },
      warns: ['lead_time_days'],
    },
    { rule: 'half a day', row: { lead_time_days: '5.5' }, ...invalid('lead_time_days') },
    { rule: 'a boolean of 2', row: { is_approved: '2' }, ...invalid('is_approved') },
    { rule: 'a bit', row: { is_active: '1' }, moves: { is_active: 'true' } },
    {
      rule: 'a UUID of a user is kept',
      row: { approved_by: ` ${uuid(9).toUpperCase()} ` },
      moves: { approved_by: uuid(9), [legacy]: '{"originalType": "supplier"}' },
    },
    {
      rule: 'approved at infinity',
      row: { approved_at: 'infinity' },
      moves: { approved_at: 'infinity' },
      ...notInMysql(noInfinity),
    },
    {
      rule: 'approved at a zero date: at no time, with a warning',
      row: { approved_at: '0000-00-00 00:00:00' },
      moves: { approved_at: null },
      warns: ['approved_at'],
      ...onlyInMysql(noZeroDates),
    },
    { rule: 'a long website', row: { website: 'w'.repeat(256) }, ...invalid('website') },
    { rule: 'a long tax id', row: { tax_id: 'w'.repeat(51) }, ...invalid('tax_id') },
    { rule: 'a long type', row: { supplier_type: 'w'.repeat(51) }, ...invalid('supplier_type') },
    { rule: 'a long industry', row: { industry: 'w'.repeat(101) }, ...invalid('industry') },
    { rule: 'the code is required', row: { supplier_code: ' ' }, ...invalid('supplier_code') },
    { rule: 'the name is required', row: { company_name: '' }, ...invalid('company_name') },
    { rule: 'a name of 1 will do', row: { company_name: 'X' }, moves: { company_name: 'X' } },
  ],
};

const merged = (into: string, by: string): Pick<Case, 'merges'> => ({ merges: { into, by } });

export const vendors: LegacyTable = {
  table: 'legacy_vendors',
  target: 'suppliers',
  columns: {
    ...company,
    vendor_code: 'text',
    address_data: 'text',
    payment_terms: 'text',
    credit_limit: 'text',
    lead_time_days: 'text',
    is_active: 'text',
    vendor_type: 'text',
    certification_data: 'text',
    contract_details: 'text',
    vendor_note: 'text',
  },
  mysqlColumns: { performance_rating: 'decimal(4,2)' },
  good: (n) => ({
    vendor_code: `VEN-${n}`,
    company_name: `Vendor ${n}`,
    email: `v${n}@example.com`,
    created_at: '2020-01-02 03:04:05',
    updated_at: '2020-01-02 03:04:05+00',
  }),
  cases: [
    {
      rule: 'every field',
      row: {
        id: 'v-1',
        vendor_code: ' V-1 ',
        phone: '+49 30 12345678',
        website: 'w',
        address_data: '{"city": "Köln"}',
        contact_details: '{"n": 1.10}',
        payment_terms: '{"days": 14}',
        credit_limit: ' 0012.50 ',
        tax_id: 'V-TAX-1',
        industry: 'Food',
        performance_rating: '3.25',
        lead_time_days: ' 7 ',
        is_active: ' No ',
        vendor_type: 'local',
        certification_data: '[{"n": 9007199254740993, "r": 1.10}]',
        contract_details: 'ISO 9001, expires\n\\.',
        vendor_note: 'x',
        created_at: '2019-01-01 00:00:00.000001',
      },
      moves: {
        supplier_code: 'V-1',
        phone: '+493012345678',
        website: 'w',
        address: '{"city": "Köln"}',
        contact_details: '{"n": 1.10}',
        payment_terms: '{"days": 14}',
        credit_limit: '12.50',
        tax_id: 'V-TAX-1',
        supplier_type: 'vendor',
        industry: 'Food',
        performance_rating: '3.25',
        lead_time_days: '7',
        is_active: 'false',
        is_approved: 'true',
        approved_at: '2019-01-01 00:00:00.000001+00',
        approved_by: null,
        [metadata]: `{"legacy": {"id": "v-1", "originalType": "vendor", "vendorType": "local", "vendorNote": "x",
          "certificationData": [{"n": 9007199254740993, "r": 1.10}], "contractDetails": "ISO 9001, expires\\n\\\\."}}`,
        created_at: '2019-01-01 00:00:00.000001+00',
      },
    },
    {
      rule: 'without created_at it is approved at no time',
      row: { created_at: null },
      moves: {
        approved_at: null,
        'created_at = (select started_at from migration.runs)': 'true',
        is_approved: 'true',
      },
    },
    {
      rule: 'every default',
      row: { credit_limit: '', lead_time_days: ' ', is_active: '', payment_terms: '', contract_details: '' },
      moves: {
        credit_limit: null,
        lead_time_days: '0',
        is_active: 'true',
        payment_terms: '{}',
        [`${legacy} -> 'contractDetails'`]: '""',
        performance_rating: '0.00',
      },
    },
    ...['1e3', '.5', '5.', '+5.00', '1,234.50', '$5', 'NaN', '0x10', '1 000', '--5'].map(
      (credit_limit): Case => ({
        rule: `money as ${credit_limit}`,
        row: { credit_limit },
        ...invalid('credit_limit'),
      }),
    ),
    { rule: 'negative money', row: { credit_limit: '-5' }, moves: { credit_limit: '-5.00' } },
    ...['true', 'T', '1', 'y', 'YES', 'Yes '].map((is_active): Case => ({
      rule: `true as ${is_active}`,
      row: { is_active },
      moves: { is_active: 'true' },
    })),
    ...['FALSE', 'f', '0', 'N', 'no'].map((is_active): Case => ({
      rule: `false as ${is_active}`,
      row: { is_active },
      moves: { is_active: 'false' },
    })),
    ...['maybe', 'on', '-1', 'NULL', 'ja'].map((is_active): Case => ({
      rule: `no boolean: ${is_active}`,
      row: { is_active },
      ...invalid('is_active'),
    })),
    { rule: 'payment terms that are no JSON', row: { payment_terms: 'net 30' }, ...invalid('payment_terms') },
    // Merging
    { rule: 'merged by code', row: { id: acmeVendor, vendor_code: ' acme ' }, ...merged(acme, 'code') },
    {
      rule: 'merged by code, whole',
      row: {
        id: 'mv-code',
        vendor_code: ' host-1\u00a0',
        company_name: ' Host 1 Direct',
        email: 'direct@host.example',
        phone: '123',
        website: 'w',
        tax_id: 'T-1',
        industry: 'Food',
        credit_limit: '0010.50',
        performance_rating: '4.10',
        lead_time_days: '3',
        is_active: 'N',
        vendor_type: 'local',
        contact_details: '{"n": 9007199254740993, "r": 1.10}',
        payment_terms: '{"days": 30}',
        address_data: '{"city": "Köln"}',
        certification_data: '["ISO"]',
        contract_details: 'see page 2',
        vendor_note: 'x',
      },
      ...merged('host-1', 'code'),
    },
    {
      rule: 'merged although it is bad, with a warning, and nothing of it is lost',
      row: {
        id: 'mv-bad',
        vendor_code: 'host-1',
        company_name: '',
        email: 'none',
        is_active: 'maybe',
        contact_details: '{"fax": 1, "fax": 2}',
        address_data: 'not JSON',
        credit_limit: '$5',
      },
      ...merged('host-1', 'code'),
      warns: ['company_name'],
    },
    {
      rule: 'merged by tax id into the first',
      row: { id: 'mv-tax', vendor_code: 'Mv-Tax', tax_id: 'De-2' },
      ...merged('host-2', 'tax-id'),
    },
    {
      rule: 'the code before the tax id',
      row: { id: 'mv-both', vendor_code: 'BOLT', tax_id: 'DE-2' },
      ...merged(bolt, 'code'),
    },
    {
      rule: 'merged by e-mail and name',
      row: { id: 'mv-mail', email: 'FOUR@host.example', company_name: ' host FOUR' },
      ...merged('host-4', 'email-and-company-name'),
    },
    {
      rule: 'the tax id before e-mail and name',
      row: { id: 'mv-tax-mail', tax_id: 'DE-2', email: 'four@host.example', company_name: 'Host Four' },
      ...merged('host-2', 'tax-id'),
    },
    {
      rule: 'the e-mail alone is not enough',
      row: { id: 'mail-only', email: 'four@host.example' },
      moves: { email: 'four@host.example' },
    },
    ...['n/a', ' N/A ', '0000', '00', '-', '', 'none'].map((tax_id): Case => ({
      rule: `the tax id ${tax_id} is none`,
      row: { tax_id },
      moves: { tax_id: tax_id.trim() },
    })),
    {
      rule: 'it matches only a rejected supplier: a row of its own',
      row: { id: 'of-bad-host', vendor_code: 'bad-host', tax_id: 'BAD-TAX' },
      moves: { supplier_code: 'bad-host', [`${legacy} ->> 'originalType'`]: 'vendor' },
    },
    // Vendors among themselves
    {
      rule: 'the first of two',
      row: { id: 'own-1', vendor_code: 'TWIN', tax_id: 'TWIN-1' },
      moves: { tax_id: 'TWIN-1' },
    },
    {
      rule: 'the same code without a supplier',
      row: { id: 'own-2', vendor_code: ' twin ', created_at: '2020-01-03' },
      ...duplicate('vendor_code', 'legacy_vendors own-1'),
    },
    {
      rule: 'the same tax id without a supplier: both move',
      row: { id: 'own-3', tax_id: ' twin-1', created_at: '2020-01-03' },
      moves: { tax_id: 'twin-1' },
      warns: ['tax_id'],
    },
    // Identities
    {
      rule: 'a vendor to refer to',
      row: { id: ownVendor, vendor_code: 'OWN-V' },
      moves: { supplier_code: 'OWN-V' },
    },
    {
      rule: 'a rejected one',
      row: { id: badVendor, vendor_code: 'BAD-V', email: 'none' },
      ...invalid('email'),
    },
    {
      rule: 'an id that a supplier has too',
      row: { id: both, vendor_code: 'FIVE-V' },
      moves: { [`${legacy} ->> 'id'`]: '5' },
    },
    {
      rule: 'an id that a rejected supplier has too',
      row: { id: onlyVendorMoved, vendor_code: 'SIX-V' },
      moves: { supplier_code: 'SIX-V' },
    },
    {
      rule: 'a UUID that a supplier has too becomes another, with a warning',
      row: { id: sharedUuid, vendor_code: 'SHARED-V' },
      key: minted('legacy_vendors', sharedUuid),
      moves: { supplier_code: 'SHARED-V', [`${legacy} ->> 'id'`]: sharedUuid },
      warns: ['id'],
    },
  ],
};
