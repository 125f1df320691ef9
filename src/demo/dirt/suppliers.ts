import { latest } from '../moments.js';
import { badEmails, dirtFor, missingText, oddTextsIn, tooLong, type Dirt } from './dirt.js';

const { rejects, duplicates, warns, keeps } = dirtFor<'legacy_suppliers'>();

export const supplierDirt: readonly Dirt<'legacy_suppliers'>[] = [
  ...missingText<'legacy_suppliers'>('supplier_code'),
  ...missingText<'legacy_suppliers'>('company_name'),
  ...badEmails<'legacy_suppliers'>('email'),
  rejects('email_null', { email: null }),
  tooLong('supplier_code', 60),
  tooLong('company_name', 300),
  tooLong('website', 300),
  tooLong('tax_id', 70),
  duplicates('code_case_duplicate', (_row, around) => ({
    supplier_code: String(around.clean('legacy_suppliers').supplier_code).toLowerCase(),
    created_at: latest,
  })),
  duplicates('code_padded_duplicate', (_row, around) => ({
    supplier_code: `${String(around.clean('legacy_suppliers').supplier_code)}   `,
    created_at: latest,
  })),
  rejects('credit_limit_many_digits', { credit_limit: '12345678901.00' }),
  rejects('credit_limit_three_decimals', { credit_limit: '5000.005' }),
  rejects('credit_limit_nan', { credit_limit: 'NaN' }),
  rejects('performance_rating_three_decimals', { performance_rating: '4.567' }),
  rejects('contact_details_duplicate_keys', { contact_details: '{"fax": "1", "fax": "2"}' }),
  rejects('contact_details_nul_escape', { contact_details: '{"fax": "1\\u0000"}' }),
  rejects('contact_details_lone_surrogate', { contact_details: '{"fax": "\\ud800"}' }),
  warns('performance_rating_above_five', { performance_rating: '7.50' }),
  warns('performance_rating_negative', { performance_rating: '-1.00' }),
  warns('lead_time_above_a_year', { lead_time_days: 400 }),
  warns('phone_unreadable', { phone: 'see website' }),
  keeps('contact_details_big_integer', { contact_details: '{"account": 9007199254740993}' }),
  keeps('contact_details_huge_number', { contact_details: '{"limit": 1e400}' }),
  keeps('contact_details_trailing_zero', { contact_details: '{"rate": 1.10}' }),
  keeps('contact_details_json_null', { contact_details: 'null' }),
  keeps('tax_id_placeholder', { tax_id: 'N/A' }),
  keeps('supplier_type_empty', { supplier_type: '' }),
  keeps('approved_at_infinity', { approved_at: 'infinity' }),
  keeps('created_at_bc', { created_at: '0753-04-21 00:00:00 BC' }),
  keeps('created_at_null', { created_at: null }),
  keeps('company_name_padded', (row) => ({ company_name: `\u3000${String(row.company_name)}\u00A0 ` })),
  ...oddTextsIn<'legacy_suppliers'>('industry'),
];
