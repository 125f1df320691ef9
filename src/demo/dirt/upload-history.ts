import { dirtFor, missingText, oddTextsIn, tooLong, type Dirt } from './dirt.js';

const { rejects, orphans, warns, keeps } = dirtFor<'legacy_upload_history'>();

export const uploadHistoryDirt: readonly Dirt<'legacy_upload_history'>[] = [
  orphans('supplier_missing', { supplier_id: null, supplier_code: null }),
  orphans('supplier_unknown', { supplier_id: 'vendor-0', supplier_code: null }),
  orphans(
    'supplier_rejected',
    (_row, around) => ({ supplier_id: around.rejected('legacy_suppliers').id, supplier_code: null }),
    { needs: { table: 'legacy_suppliers' } },
  ),
  ...missingText<'legacy_upload_history'>('file_name'),
  ...missingText<'legacy_upload_history'>('file_type'),
  ...missingText<'legacy_upload_history'>('status'),
  ...missingText<'legacy_upload_history'>('uploaded_by'),
  tooLong('file_name', 300),
  rejects('file_size_null', { file_size: null }),
  rejects('file_size_over_2_gb', { file_size: 2_147_483_648 }),
  rejects('file_size_negative', { file_size: -1 }),
  rejects('upload_date_null', { upload_date: null }),
  rejects('metadata_duplicate_keys', { metadata: '{"rows": 1, "rows": 2}' }),
  rejects('metadata_nul_escape', { metadata: '{"note": "a\\u0000b"}' }),
  rejects('metadata_lone_surrogate', { metadata: '{"note": "\\udc00"}' }),
  rejects('warnings_malformed', { warnings: '[{"line": 3}' }),
  warns('price_list_unknown', (_row, around) => ({ price_list_id: around.unknownId() })),
  warns(
    'price_list_rejected',
    (_row, around) => ({ price_list_id: around.rejected('legacy_price_lists').id }),
    { needs: { table: 'legacy_price_lists' } },
  ),
  // The new system knows no list of these.
  keeps('status_of_its_own', { status: 'sideways' }),
  warns('supplier_found_by_code_only', (_row, around) => ({
    supplier_id: around.unknownId(),
    supplier_code: around.clean('legacy_suppliers').supplier_code,
  })),
  keeps('metadata_big_integer', { metadata: '{"checksum": 9007199254740993}' }),
  keeps('metadata_huge_number', { metadata: '{"scale": 1e400}' }),
  keeps('metadata_trailing_zero', { metadata: '{"version": 1.10}' }),
  keeps('metadata_json_null', { metadata: 'null' }),
  keeps('warnings_empty', { warnings: '' }),
  keeps('file_name_backslashes', { file_name: 'C:\\new\\prices\\.csv' }),
  keeps('file_name_emoji', { file_name: '📦 prices\t2021 "final".xlsx' }),
  keeps('upload_date_infinity', { upload_date: 'infinity' }),
  keeps('upload_date_bc', { upload_date: '0044-03-15 08:00:00.123456 BC' }),
  keeps('id_over_2_to_53', (_row, around) => ({ id: String(9007199254740993n + 2n * BigInt(around.index)) })),
  keeps('id_negative', (_row, around) => ({ id: -1 - around.index })),
  ...oddTextsIn<'legacy_upload_history'>('upload_host'),
];
