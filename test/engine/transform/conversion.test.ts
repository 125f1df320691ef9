import { describe, expect, it } from 'vitest';
import type { CurrencyConversion, Rule } from '../../../src/plan/model.js';
import type { ReferenceIndex } from '../../../src/engine/transform/types.js';
import { mover, settings, type Cell, type Outcome, type Setup } from './rows.js';

const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const conversion: CurrencyConversion = {
  currency: 'currency',
  amounts: ['price', 'fee'],
  inDocuments: { tiers: 'price' },
  parent: { reference: 'list', currencies: 'currencies' },
};
const rules: Record<string, Rule> = {
  id: { kind: 'identity', from: 'id' },
  price: { kind: 'decimal', from: ['unit_price', 'price'], required: true, precision: 8, scale: 2 },
  fee: { kind: 'decimal', from: 'fee', precision: 20, scale: 5 },
  currency: { kind: 'currency', from: 'currency', default: 'USD' },
  tiers: { kind: 'json', from: 'tier_pricing', default: '[]' },
  list: { kind: 'reference', to: 'lists', id: 'list_id', missing: 'null', label: 'price list' },
  name: { kind: 'text', from: 'name' },
};
const lists: Readonly<Record<string, readonly string[]>> = {
  '1': ['USD', 'CHF'],
  '2': ['EUR'],
  '3': [],
};
const parents: ReferenceIndex = {
  byLegacyId: (legacyId) => (legacyId in lists ? { found: true, key: legacyId } : { found: false }),
  byCode: () => ({ found: false }),
  currenciesOf: (key) => lists[key] ?? [],
};
const exchangeRates = { EUR: { USD: '1.0842' }, JPY: { USD: '0.0061', EUR: '0.005' }, GBP: { USD: '1000' } };

const base: Setup = {
  columns: {
    id: 'uuid',
    unit_price: 'numeric',
    price: 'text',
    fee: 'numeric',
    currency: 'text',
    tier_pricing: 'jsonb',
    list_id: 'int4',
    name: 'text',
  },
  target: {
    price: 'numeric(8,2)!',
    id: 'uuid!',
    currency: 'character varying(3)',
    tiers: 'jsonb',
    list: 'integer',
    name: 'text',
    fee: 'numeric(20,5)',
  },
  rules,
  entity: { key: ['id'], conversion },
  plan: { settings: { ...settings, exchangeRates }, references: () => parents },
};

function moveWith(setup: Partial<Setup>, cells: Readonly<Record<string, Cell>>): Outcome {
  return mover({ ...base, ...setup })({ id, unit_price: '10.00', list_id: '1', name: 'n', ...cells });
}
const move = (cells: Readonly<Record<string, Cell>>): Outcome => moveWith({}, cells);

describe('a row in a currency that its parent does not list', () => {
  it('is converted into the first one listed, and the originals are kept', () => {
    const { row, leftovers, warnings } = move({ unit_price: '12.35', fee: '-0.12345', currency: 'eur' });
    expect(row).toEqual({
      id,
      price: '13.39',
      fee: '-0.13384',
      currency: 'USD',
      tiers: '[]',
      list: '1',
      name: 'n',
    });
    expect(leftovers).toEqual({ unitPrice: '12.35', fee: '-0.12345', currency: 'eur' });
    expect(warnings).toEqual([]);
  });

  it('has the amounts in its documents converted, to the scale of the first amount', () => {
    const tiers =
      '[{"price": 9.50, "minQty": 10, "discount": 5}, {"price": null}, {"note": "x"}, {"price": "1.005"}]';
    const { row, leftovers } = move({ currency: 'EUR', tier_pricing: tiers });
    expect(row?.['tiers']).toBe(
      '[{"price": 10.3, "minQty": 10, "discount": 5}, {"price": null}, {"note": "x"}, {"price": "1.09"}]',
    );
    expect(leftovers).toEqual({ unitPrice: '10.00', currency: 'EUR', tierPricing: JSON.parse(tiers) });
  });

  it('keeps the amount under the legacy column that it came from, beside another that differs', () => {
    expect(move({ unit_price: null, price: '10', currency: 'EUR' }).leftovers).toEqual({
      price: '10',
      currency: 'EUR',
    });
    expect(move({ price: '11', currency: 'EUR' }).leftovers).toEqual({
      unitPrice: '10.00',
      price: '11',
      currency: 'EUR',
    });
  });

  it('says which currency it was taken to be in, where it named none', () => {
    const { row, leftovers } = moveWith(
      { plan: { ...base.plan, settings: { ...settings, exchangeRates: { USD: { EUR: '0.5' } } } } },
      { list_id: '2', currency: ' ' },
    );
    expect(row).toMatchObject({ price: '5.00', currency: 'EUR' });
    expect(leftovers).toEqual({ unitPrice: '10.00', currency: 'USD' });
  });

  it('is rejected when an amount does not fit any more', () => {
    const { faults } = move({ unit_price: '999999.99', currency: 'GBP' });
    expect(faults).toEqual([
      {
        code: 'ERR_003',
        column: 'unit_price',
        reason:
          'has more than 6 digits before the point when it is converted into the currency of its price list',
      },
    ]);
  });

  it('is rejected when its documents have no amounts that can be converted', () => {
    for (const tiers of ['{"price": 1}', '[1]', '[{"price": true}]', '[{"price": "ten"}]'])
      expect(move({ currency: 'EUR', tier_pricing: tiers }).faults).toMatchObject([
        { column: 'tier_pricing' },
      ]);
  });

  it('is not converted without a rate or a currency to convert into, with a warning', () => {
    const unrated = move({ currency: 'CAD' });
    expect(unrated.row).toMatchObject({ price: '10.00', currency: 'CAD' });
    expect(unrated.leftovers).toBeNull();
    expect(unrated.warnings).toEqual([
      {
        column: 'currency',
        reason:
          'is not converted: its price list does not list the currency, and there is no exchange rate into the first that it lists',
      },
    ]);
    const listless = move({ currency: 'EUR', list_id: '3' });
    expect(listless.row).toMatchObject({ price: '10.00', currency: 'EUR' });
    expect(listless.warnings).toMatchObject([
      { reason: 'is not converted: its price list lists no currency' },
    ]);
  });
});

it.each([
  ['in the first currency of its parent', { currency: 'USD' }],
  ['in another one of its parent', { currency: 'CHF' }],
  ['in an unknown currency, which is kept out', { currency: 'XXQ' }],
  ['without a parent', { currency: 'EUR', list_id: null }],
])('a row %s stays as it is', (_, cells) => {
  const inactive = moveWith({ plan: { references: () => parents } }, cells);
  const { faults, warnings, leftovers, row } = move(cells);
  expect(faults).toEqual([]);
  expect({ row, warnings, leftovers }).toEqual({
    row: inactive.row,
    warnings: inactive.warnings,
    leftovers: inactive.leftovers,
  });
});

it.each([
  ['without rates', { references: () => parents }],
  ['where the parents are not known', { settings: { ...settings, exchangeRates } }],
])('nothing is converted, and the columns keep their order, %s', (_, plan) => {
  const { row, leftovers } = moveWith(
    { plan: { references: () => withoutCurrencies, ...plan } },
    { currency: 'EUR' },
  );
  expect(row).toMatchObject({ price: '10.00', currency: 'EUR' });
  expect(Object.keys(row ?? {})).toEqual(Object.keys(base.target));
  expect(leftovers).toBeNull();
});
const withoutCurrencies: ReferenceIndex = { ...parents, currenciesOf: undefined };

it('computed columns, checks, documents and the key see the converted row', () => {
  const { row, warnings, context } = moveWith(
    {
      target: { ...base.target, seen: 'text', rest: 'jsonb' },
      rules: {
        ...rules,
        seen: {
          kind: 'computed',
          needs: ['price', 'currency', 'tiers'],
          compute: ({ price, currency, tiers }) => [price, currency, tiers].join(' '),
        },
        rest: { kind: 'document', fields: { legacy: { fields: {}, leftovers: true } } },
      },
      source: {
        checks: [
          {
            needs: ['fee'],
            check: ({ fee }) => ({ column: 'fee', reason: `is ${String(fee)} units`, warning: true }),
          },
        ],
      },
      entity: { conversion, key: ['id', 'list'] },
    },
    { currency: 'EUR', fee: '1', tier_pricing: '[{"price": 1}]' },
  );
  expect(row?.['seen']).toBe('1084 USD [{"price": 1.08}]');
  expect(JSON.parse(row?.['rest'] ?? '')).toEqual({
    legacy: { unitPrice: '10.00', currency: 'EUR', fee: '1', tierPricing: [{ price: 1 }] },
  });
  expect(warnings).toEqual([{ column: 'fee', reason: 'is 108420 units' }]);
  expect(context.targetKey).toBe(JSON.stringify([id, '1']));
});

it.each([
  ['amounts that are no decimals', { ...conversion, amounts: ['name'] }, 'a rule of kind decimal'],
  ['amounts in documents alone', { ...conversion, amounts: [] }, 'the conversion names none'],
])('%s are refused before the first row', (_, wrong, why) => {
  expect(() => moveWith({ entity: { conversion: wrong } }, {})).toThrow(why);
});
