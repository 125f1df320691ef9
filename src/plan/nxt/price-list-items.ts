import { currency, decimal, entity, identity, integer, json, reference, source, text } from '../builder.js';
import { reshapeTiers } from './tiers.js';

export const priceListItems = entity({
  step: 'price-list-items',
  label: 'price list items',
  dependsOn: ['price-lists'],
  sources: [
    source('legacy_price_list_items', [
      identity('id'),
      reference('price_list_id', {
        to: 'price-lists',
        id: 'price_list_id',
        missing: 'reject',
        label: 'price list',
      }),
      text('sku', { required: true, max: 100 }),
      text('description'),
      decimal('unit_price', {
        from: ['unit_price', 'price'],
        required: true,
        precision: 15,
        scale: 5,
        min: '0',
      }),
      currency('currency', { default: 'USD' }),
      integer('min_quantity', { default: 1, min: 1 }),
      decimal('discount_percent', { precision: 5, scale: 2, default: '0', min: '0', max: '100' }),
      json('tier_pricing', { default: '[]', reshape: reshapeTiers }),
    ]),
  ],
  derived: [
    { parent: 'price-lists', column: 'item_count', reference: 'price_list_id', legacy: 'item_count' },
  ],
  softReferences: [{ column: 'sku', to: 'products', code: 'sku', reason: 'no product has this SKU' }],
  conversion: {
    currency: 'currency',
    amounts: ['unit_price'],
    inDocuments: { tier_pricing: 'price' },
    parent: { reference: 'price_list_id', currencies: 'currencies_supported' },
  },
});
