import { latest } from '../moments.js';
import { badEmails, dirtFor, missingText, oddTextsIn, tooLong, type Dirt } from './dirt.js';

const { rejects, duplicates, warns, keeps } = dirtFor<'legacy_customers'>();

export const customerDirt: readonly Dirt<'legacy_customers'>[] = [
  ...missingText<'legacy_customers'>('customer_code'),
  ...missingText<'legacy_customers'>('company_name'),
  ...badEmails<'legacy_customers'>('email'),
  rejects('email_null', { email: null }),
  rejects('code_too_short', { customer_code: 'C1' }),
  rejects('company_name_too_short', { company_name: ' X ' }),
  tooLong('customer_code', 60),
  tooLong('company_name', 300),
  rejects('phone_too_long', { phone: `+1-555-123-4567 ${'or ask for the night desk '.repeat(2)}` }),
  duplicates('code_case_duplicate', (_row, around) => ({
    customer_code: String(around.clean('legacy_customers').customer_code).toLowerCase(),
    created_at: latest,
  })),
  duplicates('code_padded_duplicate', (_row, around) => ({
    customer_code: ` ${String(around.clean('legacy_customers').customer_code)}\u00A0`,
    created_at: latest,
  })),
  warns('phone_unreadable', { phone: 'ask reception' }),
  keeps('email_upper_case', (row) => ({ email: String(row.email).toUpperCase() })),
  keeps('code_padded', (row) => ({ customer_code: `\t${String(row.customer_code)}  ` })),
  keeps('company_name_copy_end', { company_name: '\\.' }),
  keeps('company_name_null_word', { company_name: 'NULL' }),
  keeps('company_name_no_break', (row) => ({ company_name: `\u00A0${String(row.company_name)}\uFEFF` })),
  keeps('created_at_null', { created_at: null }),
  keeps('created_at_infinity', { created_at: 'infinity' }),
  keeps('created_at_bc', { created_at: '0044-03-15 12:00:00.000001 BC' }),
  keeps('created_at_year_one', { created_at: '0001-01-01 00:00:00' }),
  keeps('updated_at_minus_infinity', { updated_at: '-infinity' }),
  keeps('contact_person_scripts', { contact_person: 'Łukasz Żółć, Ναυσικά, Сергей, 株式会社' }),
  // What Windows wrote into columns that were said to be Latin 1.
  keeps('industry_windows_1252', { industry: 'Möbel – “Küchen” ab 5 € ™' }),
  keeps('order_channels_none', { order_channels: '' }),
  keeps('order_channels_all', { order_channels: 'phone,fax,web,shop' }),
  keeps('credit_limit_many_digits', { credit_limit: '12345678901234567890.123456789' }),
  ...oddTextsIn<'legacy_customers'>('legacy_note'),
];
