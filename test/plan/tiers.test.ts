import { expect, test } from 'vitest';
import { JsonNumber, JsonObject, type JsonValue } from '../../src/plan/model.js';
import { reshapeTiers } from '../../src/plan/nxt/tiers.js';

const number = (text: string) => new JsonNumber(text);
const tier = (entries: Record<string, JsonValue>) => new JsonObject(Object.entries(entries));

/** A document as text, numbers in their own spelling. */
function show(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof JsonObject)
    return `{${value.entries.map(([key, each]) => `${key}: ${show(each)}`).join(', ')}}`;
  return Array.isArray(value) ? `[${value.map(show).join(', ')}]` : JSON.stringify(value);
}

test('tiers come in the order of their quantities, with the names and numbers of the target', () => {
  const tiers = [
    tier({ min_quantity: number('100'), price: '0900.10', discount: null }),
    tier({ price: number('9.500'), minQty: '10', discount: number('5') }),
    tier({ min_qty: ' 2 ', price: '9007199254740993.00000' }),
  ];
  expect(show(reshapeTiers(tiers))).toBe(
    '[{minQty: 2, price: 9007199254740993.00000}, {minQty: 10, price: 9.500, discount: 5}, ' +
      '{minQty: 100, price: 900.10}]',
  );
});

test('quantities are compared exactly, and equal ones keep their order', () => {
  const quantities = ['9007199254740993', '1e2', '-1', '100.0', '0.5', '9007199254740992', '-2', '0.05', '0'];
  const tiers = quantities.map((minQty, index) =>
    tier({ minQty: number(minQty), price: number(`${index}`) }),
  );

  expect(show(reshapeTiers(tiers)).match(/(?<=minQty: )[^,]+/g)).toEqual([
    '-2',
    '-1',
    '0',
    '0.05',
    '0.5',
    '1e2',
    '100.0',
    '9007199254740992',
    '9007199254740993',
  ]);
});

test('no tiers stay no tiers', () => {
  expect(reshapeTiers([])).toEqual([]);
});

test.each<[string, JsonValue, string]>([
  ['an object', tier({ minQty: number('1') }), 'tier prices are not an array'],
  ['a text', '10:9.50', 'tier prices are not an array'],
  ['tiers that are arrays', [[number('1'), number('2')]], 'tier 1 is not an object'],
  ['a tier without a price', [tier({ minQty: number('1') })], 'tier 1 has no price'],
  ['a tier without a quantity', [tier({ price: number('1') })], 'tier 1 has no minQty'],
  ['two spellings of one key', [tier({ minQty: number('1'), min_qty: number('2') })], 'has its minQty twice'],
  [
    'an unknown key',
    [tier({ minQty: number('1'), price: number('1'), toString: true })],
    'has a key that is none of',
  ],
  [
    'a price with a sign of money',
    [tier({ minQty: number('1'), price: '$5' })],
    'the price of tier 1 is not a number',
  ],
  [
    'a truth for a number',
    [tier({ minQty: true, price: number('1') })],
    'the minQty of tier 1 is not a number',
  ],
])('%s is refused, without its values', (_, document, reason) => {
  expect(() => reshapeTiers(document)).toThrow(reason);
});
