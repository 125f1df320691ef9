import { badMoneyTexts, dirtFor, missingText, oddTextsIn, tooLong, type Dirt } from './dirt.js';

const { rejects, orphans, warns, keeps } = dirtFor<'legacy_price_list_items'>();

export const priceListItemDirt: readonly Dirt<'legacy_price_list_items'>[] = [
  orphans('price_list_null', { price_list_id: null }),
  orphans('price_list_unknown', (_row, around) => ({ price_list_id: around.unknownId() })),
  orphans(
    'price_list_rejected',
    (_row, around) => ({ price_list_id: around.rejected('legacy_price_lists').id }),
    { needs: { table: 'legacy_price_lists' } },
  ),
  ...missingText<'legacy_price_list_items'>('sku'),
  tooLong('sku', 120),
  rejects('prices_missing', { unit_price: null, price: null }),
  rejects('unit_price_negative', { unit_price: '-1.00', price: null }),
  rejects('unit_price_six_decimals', { unit_price: '1.234567', price: null }),
  rejects('unit_price_many_digits', { unit_price: '12345678901.00', price: null }),
  ...Object.entries(badMoneyTexts).map(([name, text]) =>
    rejects(`price_${name}`, { unit_price: null, price: text }),
  ),
  rejects('discount_above_100', { discount_percent: '120' }),
  rejects('discount_negative', { discount_percent: '-5' }),
  rejects('min_quantity_zero', { min_quantity: 0 }),
  rejects('tier_pricing_no_array', { tier_pricing: '{"minQty": 10, "price": 9.5}' }),
  rejects('tier_pricing_other_shape', { tier_pricing: '["10 or more: ask"]' }),
  rejects('tier_pricing_duplicate_keys', { tier_pricing: '[{"minQty": 10, "price": 9, "price": 8}]' }),
  warns('currency_unknown', { currency: 'XXQ' }),
  warns('currency_withdrawn', { currency: 'DEM' }),
  warns('sku_unknown', (row) => ({ sku: `OLD-${String(row.sku)}` })),
  warns('sku_rejected', (_row, around) => ({ sku: around.rejected('legacy_products').sku }), {
    needs: { table: 'legacy_products', kinds: ['unit_price_negative', 'cost_negative', 'price_dollar'] },
  }),
  keeps('currency_lower_case', (row) => ({ currency: String(row.currency).toLowerCase() })),
  keeps('currency_null', { currency: null }),
  keeps('sku_case_and_padding', (row) => ({ sku: ` ${String(row.sku).toLowerCase()}\u00A0` })),
  keeps('prices_differ', { unit_price: '10.12345', price: '11.00' }),
  keeps('unit_price_trailing_zeros', { unit_price: '10.1234500', price: null }),
  keeps('discount_and_quantity_null', { discount_percent: null, min_quantity: null }),
  keeps('tier_pricing_unsorted', {
    tier_pricing:
      '[{"minQty": 100, "price": 8.10, "discount": 10}, {"minQty": 10, "price": 9.50, "discount": 5}]',
  }),
  keeps('tier_pricing_number_texts', { tier_pricing: '[{"min_qty": "10", "price": "9.50"}]' }),
  keeps('tier_pricing_json_null', { tier_pricing: 'null' }),
  ...oddTextsIn<'legacy_price_list_items'>('description'),
];
