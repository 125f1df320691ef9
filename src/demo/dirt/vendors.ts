import { latest } from '../moments.js';
import { badEmails, badMoneyTexts, dirtFor, missingText, tooLong, type Dirt } from './dirt.js';

const { rejects, duplicates, warns, keeps } = dirtFor<'legacy_vendors'>();

export const vendorDirt: readonly Dirt<'legacy_vendors'>[] = [
  ...missingText<'legacy_vendors'>('vendor_code'),
  ...missingText<'legacy_vendors'>('company_name'),
  ...badEmails<'legacy_vendors'>('email'),
  tooLong('company_name', 300),
  ...Object.entries(badMoneyTexts).map(([name, text]) =>
    rejects(`credit_limit_${name}`, { credit_limit: text }),
  ),
  rejects('address_data_malformed', { address_data: "{'city': 'Leeds'" }),
  rejects('payment_terms_malformed', { payment_terms: '{"days": 30,}' }),
  rejects('is_active_unreadable', { is_active: 'maybe' }),
  duplicates('code_case_duplicate', (_row, around) => ({
    vendor_code: String(around.clean('legacy_vendors').vendor_code).toLowerCase(),
    created_at: latest,
  })),
  warns('lead_time_above_a_year', { lead_time_days: 999 }),
  warns('phone_unreadable', { phone: 'unlisted' }),
  warns('same_tax_id_without_supplier', (_row, around) => ({
    tax_id: around.clean('legacy_vendors').tax_id,
    created_at: latest,
  })),
  warns('bad_email_but_same_company', { email: 'none' }, { ofSupplier: true }),
  keeps(
    'code_of_a_rejected_supplier',
    (_row, around) => ({ vendor_code: around.rejected('legacy_suppliers').supplier_code }),
    {
      needs: {
        table: 'legacy_suppliers',
        kinds: ['email_null', 'email_no_at', 'credit_limit_nan', 'credit_limit_all_nines'],
      },
    },
  ),
  keeps('tax_id_placeholder', { tax_id: ' n/a ' }),
  keeps('code_padded', (row) => ({ vendor_code: `  ${String(row.vendor_code)}\u00A0` })),
  keeps('credit_limit_padded', { credit_limit: ' 2500.00 ' }),
  keeps('certification_data_not_json', { certification_data: 'ISO 9001, expires next spring' }),
  keeps('contract_details_big_integer', { contract_details: '{"number": 9007199254740993, "rate": 1.10}' }),
  keeps('contract_details_copy_end', { contract_details: 'see page 2\n\\.\n\\N' }),
  keeps('address_data_missing', { address_data: null }),
  keeps('created_at_infinity', { created_at: 'infinity' }),
];
