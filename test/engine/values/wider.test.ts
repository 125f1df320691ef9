import { describe, expect, test } from 'vitest';
import { canonicalDecimal } from '../../../src/engine/values/decimal.js';
import { widerAmount } from '../../../src/engine/values/wider/amount.js';
import { widerBoolean } from '../../../src/engine/values/wider/boolean.js';
import { widerDate } from '../../../src/engine/values/wider/date.js';
import { widerInteger } from '../../../src/engine/values/wider/integer.js';
import { widerNumber } from '../../../src/engine/values/wider/number.js';
import { widerUuid } from '../../../src/engine/values/wider/uuid.js';

const number = (text: string) => {
  const wider = widerNumber(text);
  return wider && canonicalDecimal(wider.value);
};
const amount = (text: string) => {
  const wider = widerAmount(text);
  return wider && [canonicalDecimal(wider.value.number), wider.value.currencies?.[0]];
};

describe('numbers', () => {
  test.each([
    ['1.234,56', '1234.56'],
    ['1,234.56', '1234.56'],
    ['1 234,56', '1234.56'],
    ['1\u00a0234\u00a0567,8', '1234567.8'],
    ["1'234.50", '1234.5'],
    ['1\u2019234\u2019567', '1234567'],
    ['1.234.567', '1234567'],
    ['1,234,567', '1234567'],
    ['-12,5', '-12.5'],
    ['+5.00', '5'],
    ['1234,567', '1234.567'],
    // no group begins with a zero
    ['0,125', '0.125'],
    ['.5', '0.5'],
    [',50', '0.5'],
    ['5.', '5'],
    ['123456789012345678901234,5', '123456789012345678901234.5'],
  ])('%s is %s', (text, expected) => expect(number(text)).toBe(expected));

  test.each([
    // each of these could be two numbers
    '1,234',
    '1.234',
    '-1,234',
    '+1.234',
    '12,345',
    // and these none
    '1,23,456.78',
    '1.23,45,67',
    '1,234.567.890',
    '1.234,567,890',
    '12.34.56',
    '1234,567.8',
    '1234.567,8',
    '01.234,56',
    '1 23 456',
    "1'234 567",
    '1 234.567,8',
    '1e3',
    '1,5e3',
    'NaN',
    '0x10',
    '--5',
    '- 5',
    '(5)',
    '5-',
    '5%',
    '',
    '.',
    ',',
    '１２,５',
  ])('%s is left alone', (text) => expect(number(text)).toBeUndefined());

  test.each([
    ['12,0', 12n],
    ['12,00', 12n],
    ['-1.234.567', -1234567n],
    ['1,234.00', 1234n],
    ['+7', 7n],
  ])('%s is the integer %s', (text, expected) => expect(widerInteger(text)?.value).toBe(expected));

  test.each(['12,5', '1,234', '1.234', '1,234.50', '€5'])('%s is no integer', (text) =>
    expect(widerInteger(text)).toBeUndefined(),
  );
});

describe('amounts', () => {
  test.each([
    ['$5', '5', 'USD'],
    ['-$5.00', '-5', 'USD'],
    ['$-5', '-5', 'USD'],
    ['€ 1.234,56', '1234.56', 'EUR'],
    ['1.234,56\u00a0€', '1234.56', 'EUR'],
    ['CHF 1’234.50', '1234.5', 'CHF'],
    ['12,50 eur', '12.5', 'EUR'],
    ['¥1,234,567', '1234567', 'JPY'],
    ['1 234,5', '1234.5', undefined],
  ])('%s is %s', (text, value, currency) => expect(amount(text)).toEqual([value, currency]));

  test.each([
    '$ 1,234',
    'EUR 1.234',
    '$5€',
    '5 XXL',
    '5 kg',
    'DM 5',
    'EUR',
    '$',
    'USD 5 EUR',
    '5 5 EUR',
    '$1e3',
  ])('%s is left alone', (text) => expect(amount(text)).toBeUndefined());
});

describe('booleans', () => {
  test.each(['j', 'Ja', 'OUI', 'si', 'Sí', 'on', 'Enabled', 'active', 'X'])('%s is true', (text) =>
    expect(widerBoolean(text)?.value).toBe(true),
  );
  test.each(['nein', 'Non', 'OFF', 'disabled', 'Inactive', '-'])('%s is false', (text) =>
    expect(widerBoolean(text)?.value).toBe(false),
  );
  test.each(['2', '-1', 'maybe', 'activ', '?', 'null', 'unknown', 'o', '--'])('%s is left alone', (text) =>
    expect(widerBoolean(text)).toBeUndefined(),
  );
});

describe('dates and times', () => {
  test.each([
    ['31.12.2024', '2024-12-31'],
    ['1.2.2024', '2024-2-1'],
    ['2024/12/31', '2024-12-31'],
    ['2024.12.31', '2024-12-31'],
    ['20241231', '2024-12-31'],
    ['31/12/2024', '2024-12-31'],
    ['12/31/2024', '2024-12-31'],
    ['31-12-2024', '2024-12-31'],
    // both ways the same day
    ['05/05/2024', '2024-05-05'],
    ['29.02.2024', '2024-02-29'],
    ['31.12.2024 23:59', '2024-12-31 23:59'],
    ['31.12.2024 9:05:07', '2024-12-31 9:05:07'],
    ['20241231T10:00:00', '2024-12-31 10:00:00'],
  ])('%s is %s', (text, expected) => expect(widerDate(text)?.value).toBe(expected));

  test.each([
    // day and month, or month and day
    '01/02/2024',
    '12/11/2024',
    '1-2-2024',
    // no such day or time
    '31.02.2024',
    '29.02.2023',
    '13/13/2024',
    '31.12.2024 24:00',
    '31.12.2024 10:60',
    '2024/13/01',
    '20241301',
    '00.00.0000',
    '00.12.2024',
    // a year of two digits, digits in another order, a number
    '31.12.24',
    '24/12/31',
    '31122024',
    '12312024',
    '10111012',
    '99999999',
    '1735689600',
    '31.12/2024',
    '31. 12. 2024',
    'Dec 31, 2024',
    '31.12.2024 10:00 PM',
    '31.12.2024 10:00+02',
    '',
  ])('%s is left alone', (text) => expect(widerDate(text)).toBeUndefined());
});

describe('UUIDs', () => {
  const uuid = '0f9a8b7c-1234-4abc-8def-0123456789ab';
  test.each([
    `{${uuid}}`,
    `{${uuid.toUpperCase()}}`,
    uuid.replaceAll('-', ''),
    `{${uuid.replaceAll('-', '')}}`,
  ])('%s is read', (text) => expect(widerUuid(text)?.value).toBe(uuid));
  test.each([
    `{${uuid}`,
    `${uuid}}`,
    `(${uuid})`,
    uuid.slice(1),
    `${uuid}0`,
    uuid.replace('-', ''),
    'g'.repeat(32),
    '',
  ])('%s is left alone', (text) => expect(widerUuid(text)).toBeUndefined());
});
