import { inMysql, invalid, orphan, uuid, type Case, type LegacyTable } from './case.js';
import { badList, counted, spring } from './price-lists.js';

const kept = `(select l.kept[array_position(l.target_uuids, price_list_items.id)] from migration.lineage l
  where l.step = 'price-list-items' and price_list_items.id = any(l.target_uuids))`;

const tiers = (tier_pricing: string, becomes: string): Pick<Case, 'row' | 'moves'> => ({
  row: { tier_pricing },
  moves: { tier_pricing: becomes },
});
const badTiers = (rule: string, tier_pricing: string): Case => ({
  rule,
  row: { tier_pricing },
  ...invalid('tier_pricing'),
});

export const priceListItems: LegacyTable = {
  table: 'legacy_price_list_items',
  target: 'price_list_items',
  columns: {
    id: 'text',
    price_list_id: 'text',
    sku: 'text',
    description: 'text',
    unit_price: 'text',
    price: 'numeric',
    currency: 'text',
    min_quantity: 'integer',
    discount_percent: 'numeric',
    tier_pricing: 'json',
    line_note: 'text',
  },
  good: () => ({ price_list_id: spring, sku: 'LAMP', unit_price: '1.5' }),
  cases: [
    {
      rule: 'every field',
      row: {
        id: '17',
        sku: ' lamp\u00a0',
        description: ' bright ',
        unit_price: ' 9999999999.12345 ',
        price: '5',
        currency: ' eur ',
        min_quantity: '10',
        discount_percent: '2.5',
        tier_pricing: '[{"price": 9.50, "minQty": 10, "discount": 5}]',
        line_note: 'new',
      },
      moves: {
        price_list_id: spring,
        sku: 'lamp',
        description: 'bright',
        unit_price: '9999999999.12345',
        currency: 'EUR',
        min_quantity: '10',
        discount_percent: '2.50',
        tier_pricing: '[{"price": 9.50, "minQty": 10, "discount": 5}]',
        [kept]: '{"id": "17", "price": "5", "lineNote": "new"}',
      },
      ...inMysql('the column prints as many decimals as it has', {
        moves: { [kept]: '{"id": "17", "price": "5.0000000000", "lineNote": "new"}' },
      }),
    },
    {
      rule: 'every default',
      row: { id: uuid(0xc001) },
      moves: {
        description: null,
        unit_price: '1.50000',
        currency: 'USD',
        min_quantity: '1',
        discount_percent: '0.00',
        tier_pricing: '[]',
        [kept]: null,
      },
    },
    { rule: 'an item that counts', row: { price_list_id: counted }, moves: { price_list_id: counted } },
    { rule: 'one that does not', row: { price_list_id: counted, sku: '' }, ...invalid('sku') },
    { rule: 'no list', row: { price_list_id: null }, ...orphan('price_list_id') },
    { rule: 'an unknown list', row: { price_list_id: uuid(0xdead) }, ...orphan('price_list_id') },
    { rule: 'a rejected list', row: { price_list_id: badList }, ...orphan('price_list_id') },
    {
      rule: 'an SKU that no product has',
      row: { sku: 'NO-SUCH' },
      moves: { sku: 'NO-SUCH' },
      warns: ['sku'],
    },
    { rule: 'the SKU of a rejected product', row: { sku: 'BAD-P' }, moves: { sku: 'BAD-P' }, warns: ['sku'] },
    { rule: 'an SKU of 101', row: { sku: 's'.repeat(101) }, ...invalid('sku') },
    { rule: 'the second price', row: { unit_price: '', price: '0.00001' }, moves: { unit_price: '0.00001' } },
    { rule: 'no price', row: { unit_price: null }, ...invalid('unit_price') },
    { rule: 'a negative price', row: { unit_price: '-1' }, ...invalid('unit_price') },
    { rule: 'six decimals', row: { unit_price: '1.234567' }, ...invalid('unit_price') },
    { rule: 'eleven digits', row: { unit_price: '10000000000' }, ...invalid('unit_price') },
    ...['1e3', '.5', '5.', '+5.00', '1,234.50', '$5', 'NaN'].map((unit_price): Case => ({
      rule: `money as ${unit_price}`,
      row: { unit_price },
      ...invalid('unit_price'),
    })),
    {
      rule: 'an unknown currency is kept out, with a warning',
      row: { id: uuid(0xc002), currency: 'xxq' },
      moves: { currency: null, [kept]: '{"currency": "xxq"}' },
      warns: ['currency'],
    },
    {
      rule: 'a withdrawn currency',
      row: { currency: 'DEM' },
      moves: { currency: null },
      warns: ['currency'],
    },
    { rule: 'an empty currency is the default', row: { currency: ' ' }, moves: { currency: 'USD' } },
    { rule: 'a minimum quantity of 0', row: { min_quantity: '0' }, ...invalid('min_quantity') },
    { rule: 'a discount of 100', row: { discount_percent: '100' }, moves: { discount_percent: '100.00' } },
    { rule: 'a discount over 100', row: { discount_percent: '100.01' }, ...invalid('discount_percent') },
    { rule: 'a negative discount', row: { discount_percent: '-1' }, ...invalid('discount_percent') },
    {
      rule: 'tiers are ordered, those of one quantity in their order; a missing discount stays missing',
      ...tiers(
        '[{"minQty": 100, "price": 8}, {"min_qty": 9, "price": 10, "discount": 1}, {"min_quantity": 100, "price": 7}]',
        '[{"price": 10, "minQty": 9, "discount": 1}, {"price": 8, "minQty": 100}, {"price": 7, "minQty": 100}]',
      ),
    },
    {
      rule: 'exact number texts are numbers',
      ...tiers('[{"minQty": "10", "price": "9.50", "discount": null}]', '[{"price": 9.50, "minQty": 10}]'),
    },
    { rule: 'a JSON null is missing', ...tiers('null', '[]') },
    badTiers('tiers that are no array', '{"minQty": 1, "price": 2}'),
    badTiers('a tier that is no object', '[1]'),
    badTiers('a tier without a price', '[{"minQty": 1}]'),
    badTiers('a tier with another key', '[{"minQty": 1, "price": 2, "note": "x"}]'),
    badTiers('a number text that is none', '[{"minQty": 1, "price": "1e3"}]'),
    badTiers('a tier with duplicate keys', '[{"minQty": 1, "price": 2, "price": 2}]'),
  ],
};
