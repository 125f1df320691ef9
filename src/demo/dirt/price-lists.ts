import { dirtFor, type Dirt } from './dirt.js';

const { rejects, orphans, warns, keeps } = dirtFor<'legacy_price_lists'>();

export const priceListDirt: readonly Dirt<'legacy_price_lists'>[] = [
  orphans('supplier_missing', { supplier_id: null, supplier_code: null }),
  orphans('supplier_unknown', (_row, around) => ({ supplier_id: around.unknownId(), supplier_code: null })),
  orphans(
    'supplier_rejected',
    (_row, around) => ({ supplier_id: around.rejected('legacy_suppliers').id, supplier_code: null }),
    { needs: { table: 'legacy_suppliers' } },
  ),
  rejects('names_missing', { name: null, price_list_name: null }),
  rejects('name_too_short', { name: 'P', price_list_name: null }),
  rejects('effective_date_null', { effective_date: null }),
  rejects('expiry_before_effective', { effective_date: '2021-06-01', expiry_date: '2021-05-31' }),
  rejects('currencies_duplicate_keys', { currencies_supported: '[{"code": "EUR", "code": "USD"}]' }),
  rejects('validation_errors_nul_escape', { validation_errors: '["row 7: \\u0000"]' }),
  warns('status_unknown', { status: 'half-approved' }),
  warns('item_count_differs', (row) => ({ item_count: Number(row.item_count) + 3 })),
  warns('parent_unknown', (_row, around) => ({ parent_price_list_id: around.unknownId() })),
  keeps(
    'parent_cycle',
    (_row, around) => ({ parent_price_list_id: around.at('legacy_price_lists', 1 - around.index).id }),
    { rows: (count) => (count >= 8 ? [0, 1] : []) },
  ),
  keeps('names_differ', { name: 'Spring prices', price_list_name: 'Spring prices (draft 2)' }),
  keeps('expiry_date_infinity', { expiry_date: 'infinity' }),
  keeps('effective_date_bc', { effective_date: '0044-03-15 BC', expiry_date: null }),
  keeps('status_upper_case', { status: ' ACTIVE ' }),
  keeps('version_empty', { version: '' }),
  keeps('file_path_backslashes', { original_file_path: '\\\\nas01\\uploads\\new\\Q1\\.' }),
  keeps('name_tab_newline', { name: 'Prices\tfor\nspring\\.', price_list_name: null }),
];
