import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { asciiUnits } from '../../../src/engine/values/ascii-number.js';
import { parseBoolean } from '../../../src/engine/values/boolean.js';
import {
  canonicalDecimal,
  decimalMisfit,
  parseDecimal,
  unitsOf,
} from '../../../src/engine/values/decimal.js';
import { parseInteger } from '../../../src/engine/values/integer.js';
import {
  misfit,
  numericText,
  numericUnits,
  writeNumeric,
  writeNumericText,
  writeUnits,
} from '../../../src/engine/values/pg-numeric.js';

describe('decimals', () => {
  it.each([
    '1e3',
    '.5',
    '5.',
    '+5.00',
    '1,234.50',
    '$5',
    'NaN',
    '',
    '-',
    '1.2.3',
    ' 1',
    '0x1',
    'Infinity',
    '１',
  ])('%j is none', (text) => expect(parseDecimal(text)).toBeUndefined());

  it.each([
    ['007.50', '7.5'],
    ['-0.00', '0'],
    ['0', '0'],
    ['-000012', '-12'],
    ['12.3400', '12.34'],
    ['00', '0'],
    ['-0.01', '-0.01'],
    ['123456789012345678901234567890.5', '123456789012345678901234567890.5'],
  ])('%s is %s', (text, canonical) => {
    const value = parseDecimal(text);
    expect(value && canonicalDecimal(value)).toBe(canonical);
  });

  it('fit without rounding or not at all', () => {
    const why = (text: string) =>
      decimalMisfit(parseDecimal(text) ?? { negative: false, whole: '', fraction: '' }, 10, 2);
    expect(why('99999999.9900')).toBeUndefined();
    expect(why('0.001')).toBe('has more than 2 digits behind the point');
    expect(why('100000000')).toBe('has more than 8 digits before the point');
  });

  it('keep every digit in units beyond 15 digits', () => {
    const value = parseDecimal('-1234567890123456.78');
    expect(value && unitsOf(value, 18, 2)).toBe(-123456789012345678n);
  });

  it('are the same written from digits, from units and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.maxSafeNat(), fc.boolean(), (scale, n, negative) => {
        const units = (negative && n > 0 ? -1 : 1) * (n % 1e15);
        const digits = String(Math.abs(units)).padStart(scale + 1, '0');
        const text = `${units < 0 ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${digits.slice(digits.length - scale)}` : ''}`;
        const decimal = parseDecimal(text);
        if (decimal === undefined) throw new Error(text);
        const [one, two] = [new TupleWriter(64), new TupleWriter(64)];
        writeNumeric(one, decimal, scale);
        writeUnits(two, units, scale);
        expect(two.bytes.subarray(0, two.position)).toEqual(one.bytes.subarray(0, one.position));
        expect(numericText(one.bytes, 4)).toBe(text);
        two.position = 0;
        expect(writeNumericText(two, one.bytes, 4)).toBe(true);
        expect(two.bytes.toString('latin1', 0, two.position)).toBe(text);
        expect(numericUnits(one.bytes, 4, 15, scale)).toBe(units);
        expect(asciiUnits(Buffer.from(text), 0, text.length, 15, scale)).toBe(units);
      }),
      { numRuns: 2000 },
    );
  });

  it('that do not fit are never read as units', () => {
    for (const text of ['100000000', '0.001', '123456789012345678', '-999999999.99']) {
      const out = new TupleWriter(64);
      const decimal = parseDecimal(text);
      if (decimal === undefined) throw new Error(text);
      writeNumeric(out, decimal, 3);
      expect(numericUnits(out.bytes, 4, 10, 2), text).toBe(misfit);
      expect(asciiUnits(Buffer.from(text), 0, text.length, 10, 2), text).toBe(misfit);
    }
  });
});

describe('integers and booleans', () => {
  it('read an integer with zeros behind its point, and nothing else', () => {
    expect(['5.0', '-007', '18446744073709551615'].map(parseInteger)).toEqual([
      5n,
      -7n,
      18446744073709551615n,
    ]);
    expect(['5.5', '5.', '1e3', '', 'x'].map(parseInteger)).toEqual(Array(5).fill(undefined));
  });

  it('read booleans in every spelling and case', () => {
    expect(['true', 'T', 'Yes', 'y', '1'].map(parseBoolean)).toEqual(Array(5).fill(true));
    expect(['FALSE', 'f', 'no', 'N', '0'].map(parseBoolean)).toEqual(Array(5).fill(false));
    expect(['2', '127', 'on', '', 'ja', '1.0'].map(parseBoolean)).toEqual(Array(6).fill(undefined));
  });
});
