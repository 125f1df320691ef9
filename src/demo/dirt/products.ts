import { latest } from '../moments.js';
import { badMoneyTexts, dirtFor, missingText, oddTextsIn, tooLong, type Dirt } from './dirt.js';

const { rejects, duplicates, warns, keeps } = dirtFor<'legacy_products'>();

export const productDirt: readonly Dirt<'legacy_products'>[] = [
  ...missingText<'legacy_products'>('sku'),
  rejects('sku_too_short', { sku: 'K7' }),
  tooLong('sku', 120),
  tooLong('category', 120),
  duplicates('sku_case_duplicate', (_row, around) => ({
    sku: String(around.clean('legacy_products').sku).toLowerCase(),
    created_at: latest,
  })),
  duplicates('sku_padded_duplicate', (_row, around) => ({
    sku: `${String(around.clean('legacy_products').sku)} `,
    created_at: latest,
  })),
  rejects('names_missing', { name: null, product_name: ' ' }),
  rejects('name_too_long', { name: 'Very '.repeat(60), product_name: null }),
  rejects('unit_price_negative', { unit_price: '-4.50', price: null }),
  rejects('unit_price_three_decimals', { unit_price: '1.999', price: null }),
  rejects('unit_price_many_digits', { unit_price: '123456789.00', price: null }),
  rejects('unit_price_nan', { unit_price: 'NaN', price: null }),
  ...Object.entries(badMoneyTexts).map(([name, text]) =>
    rejects(`price_${name}`, { unit_price: null, price: text }),
  ),
  rejects('cost_negative', { cost_price: null, cost: '-0.01' }),
  rejects('is_active_unreadable', { is_active: 'perhaps' }),
  warns('cost_above_price', { unit_price: '5.00', price: null, cost_price: '7.25', cost: null }),
  warns('supplier_unknown', (_row, around) => ({ supplier_id: around.unknownId(), supplier_code: null })),
  warns('supplier_missing', { supplier_id: null, supplier_code: null }),
  warns(
    'supplier_rejected',
    (_row, around) => ({ supplier_id: around.rejected('legacy_suppliers').id, supplier_code: null }),
    { needs: { table: 'legacy_suppliers' } },
  ),
  warns('supplier_found_by_code_only', (_row, around) => ({
    supplier_id: around.unknownId(),
    supplier_code: around.clean('legacy_suppliers').supplier_code,
  })),
  keeps('supplier_code_case_and_padding', (_row, around) => ({
    supplier_id: null,
    supplier_code: ` ${String(around.clean('legacy_suppliers').supplier_code).toLowerCase()} `,
  })),
  keeps('names_differ', (row) => ({ name: 'Renamed article', product_name: `${String(row.sku)} (old)` })),
  keeps('prices_differ', { unit_price: '12.50', price: '13.75', cost_price: null, cost: null }),
  keeps('name_empty_other_filled', { name: '', product_name: 'Taken from the other column' }),
  keeps('price_padded', { unit_price: null, price: ' 12.50 ', cost_price: null, cost: null }),
  keeps('price_trailing_zeros', { unit_price: '12.5000', price: null, cost_price: null, cost: null }),
  keeps('prices_missing', { unit_price: null, price: null, cost_price: null, cost: null }),
  keeps('dimensions_not_json', { dimensions: '30 x 20 x 15 cm' }),
  keeps('tags_not_json', { tags: 'sale, "clearance"' }),
  keeps('tags_big_integer', { tags: '[9007199254740993, 1.10]' }),
  keeps('sku_padded', (row) => ({ sku: `\u00A0${String(row.sku)} ` })),
  keeps('created_at_infinity', { created_at: '-infinity' }),
  keeps('created_at_year_one', { created_at: '0001-01-01 00:00:00.000001' }),
  ...oddTextsIn<'legacy_products'>('description'),
];
