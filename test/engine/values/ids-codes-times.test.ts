import { describe, expect, it } from 'vitest';
import { currencyCode } from '../../../src/engine/values/currency.js';
import { dateText, parseDate } from '../../../src/engine/values/date.js';
import { JsonFault, maxDepth, parseJson } from '../../../src/engine/values/json-parse.js';
import { internationalPhone, phoneCountry } from '../../../src/engine/values/phone.js';
import { timeZone } from '../../../src/engine/values/time-zone.js';
import { parseTimestamp, timestampText } from '../../../src/engine/values/timestamp.js';
import {
  comparableId,
  identityOf,
  namespaceOf,
  uuidBytes,
  uuidText,
  uuidV5,
} from '../../../src/engine/values/uuid.js';

describe('ids', () => {
  it('are UUIDv5 as RFC 9562 has it', () => {
    const dns = uuidBytes('6ba7b810-9dad-11d1-80b4-00c04fd430c8');
    expect(uuidText(uuidV5(dns, 'www.example.com'))).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('never change from one release to the next', () => {
    const customers = namespaceOf('legacy_customers');
    expect(uuidText(identityOf(customers, 'customer-17'))).toBe('d609501b-49b3-50e2-a813-533e6b9aa720');
    expect(uuidText(identityOf(customers, '17'))).not.toBe(
      uuidText(identityOf(namespaceOf('legacy_vendors'), '17')),
    );
    expect(identityOf(customers, ' customer-17 ')).toEqual(identityOf(customers, 'customer-17'));
  });

  it('keep a UUID in any case, and compare it in lower case', () => {
    const id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
    expect(uuidText(identityOf(namespaceOf('x'), `\t${id} `))).toBe(id.toLowerCase());
    expect(comparableId(` ${id}`)).toBe(id.toLowerCase());
    expect(comparableId(' SUP-1 ')).toBe('SUP-1');
  });
});

describe('currencies and phones', () => {
  it('know the active codes in any case', () => {
    expect(['usd', 'EUR', 'Xcg', 'DEM', 'XYZ', ''].map(currencyCode)).toEqual([
      'USD',
      'EUR',
      'XCG',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['+1-212-555-4567', undefined, '+12125554567'],
    ['0049 30 1234567', undefined, '+49301234567'],
    ['(212) 555-4567', 'US', '+12125554567'],
    ['2125554567', 'US', '+12125554567'],
    ['2125554567', undefined, undefined],
    ['+1 212 555 4567 ext. 12', undefined, undefined],
    ['+1', undefined, undefined],
    ['call me', 'US', undefined],
    ['+49 30 1234567 or later', undefined, undefined],
  ])('%s (%s) is %s', (text, country, expected) => {
    expect(internationalPhone(text, country === undefined ? undefined : phoneCountry(country))).toBe(
      expected,
    );
  });
});

describe('times', () => {
  it.each([
    ['2024-02-29 23:59:59.123456', '2024-02-29 23:59:59.123456'],
    ['2024-02-29T23:59:59.1000000Z', '2024-02-29 23:59:59.1'],
    ['2024-01-01 00:00:00+05:30', '2023-12-31 18:30:00'],
    ['2024-01-01 00:00:00 -0330', '2024-01-01 03:30:00'],
    ['2024-01-01', '2024-01-01 00:00:00'],
    ['0001-01-01 00:00', '0001-01-01 00:00:00'],
    ['0044-03-15 12:00:00 BC', '0044-03-15 12:00:00 BC'],
    ['infinity', 'infinity'],
    ['-Infinity', '-infinity'],
  ])('%s is %s', (text, expected) => {
    const time = parseTimestamp(text);
    expect(time && time.kind !== 'zero' && timestampText(time.micros, ' ', '')).toBe(expected);
  });

  it.each([
    '2023-02-29',
    '2024-13-01',
    '2024-04-31',
    '2024-01-01 24:00:00',
    '2024-01-01 23:60:00',
    '2024-01-01 00:00:60',
    '2024-01-01 00:00:00.1234567',
    'yesterday',
    '24-01-01',
    '300000-01-01',
    '',
    '2024-01-01 00:00:00+16:00',
  ])('%j is no time', (text) => expect(parseTimestamp(text)).toBeUndefined());

  it.each(['0000-00-00', '0000-00-00 00:00:00', '2020-00-15', '2020-01-00 10:00:00'])(
    '%s is a zero date',
    (text) => {
      expect(parseTimestamp(text)).toEqual({ kind: 'zero' });
    },
  );

  it('dates reach as far as PostgreSQL', () => {
    expect(
      ['5874897-12-31', '4714-11-24 BC', 'infinity'].map((text) => dateText(Number(parseDate(text)))),
    ).toEqual(['5874897-12-31', '4714-11-24 BC', 'infinity']);
    expect(parseDate('5874898-01-01')).toBeUndefined();
    expect(parseDate('2024-01-01 00:00:00')).toBeUndefined();
  });

  it('know time zones by their names only', () => {
    expect(timeZone('Etc/UTC').isUtc).toBe(true);
    expect(() => timeZone('Mars/Olympus')).toThrow(RangeError);
    expect(() => timeZone('+02:00')).toThrow(RangeError);
  });
});

describe('JSON', () => {
  it.each([
    ['{"a":1,"a":2}', 'same key twice'],
    ['{"a":1,"\\u0061":2}', 'same key twice'],
    ['"\\u0000"', '\\u0000'],
    ['"\\ud800"', 'surrogate'],
    ['"\\udc00\\ud800"', 'surrogate'],
    ['{', 'not JSON'],
    ['[1,]', 'not JSON'],
    ['{a:1}', 'not JSON'],
    ["'a'", 'not JSON'],
    ['01', 'not JSON'],
    ['1 2', 'not JSON'],
    ['NaN', 'not JSON'],
    ['"\t"', 'not JSON'],
    ['"\\x"', 'not JSON'],
    ['', 'not JSON'],
    ['tru', 'not JSON'],
    ['\u00a01', 'not JSON'],
  ])('%s is refused: %s', (json, reason) => {
    expect(() => parseJson(json)).toThrow(JsonFault);
    expect(() => parseJson(json)).toThrow(reason);
  });

  it('is bounded in depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseJson(nested(maxDepth))).not.toThrow();
    expect(() => parseJson(nested(100_000))).toThrow('nested deeper');
  });
});
