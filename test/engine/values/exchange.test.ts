import { expect, test } from 'vitest';
import { canonicalDecimal, parseDecimal, type Decimal } from '../../../src/engine/values/decimal.js';
import { exchange } from '../../../src/engine/values/exchange.js';

const decimal = (text: string): Decimal => {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is no decimal`);
  return value;
};
const converted = (amount: string, rate: string, scale: number): string =>
  canonicalDecimal(exchange(decimal(amount), decimal(rate), scale));

test.each([
  ['12.50', '1.0842', 5, '13.5525'],
  ['0.1', '0.1', 2, '0.01'],
  ['0.2', '3', 5, '0.6'],
  ['9999999999.99999', '1', 5, '9999999999.99999'],
  ['12345678901234567890.12345', '1.000000000000000001', 5, '12345678901234567902.46913'],
  ['7', '162.5', 0, '1138'],
  ['0', '1.5', 2, '0'],
  ['3', '2', 4, '6'],
])('%s at %s with %i digits behind the point is %s', (amount, rate, scale, result) => {
  expect(converted(amount, rate, scale)).toBe(result);
});

test.each([
  ['0.005', '0.01'],
  ['-0.005', '-0.01'],
  ['0.0049999999999999999999', '0'],
  ['-0.0049999999999999999999', '0'],
  ['0.015', '0.02'],
  ['0.025', '0.03'],
  ['-1.225', '-1.23'],
])('%s is rounded half away from zero to %s', (amount, result) => {
  expect(converted(amount, '1', 2)).toBe(result);
});
