import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../src/plan/model.js';
import { mover, settings, type Columns } from './rows.js';

const wide = { ...settings, coerceTypes: true };

/** A column `v` of text under a rule, beside its key. */
function reading(rule: Rule, type: string, more: { columns?: Columns; rules?: Record<string, Rule> } = {}) {
  const columns: Columns = { id: 'int4', v: 'text', ...more.columns };
  const target = { id: 'integer!', v: type, ...(more.rules && { currency: 'character varying(3)' }) };
  const rules: Record<string, Rule> = { id: { kind: 'keep', from: 'id' }, v: rule, ...more.rules };
  const strict = mover({ columns, target, rules });
  const coercing = mover({ columns, target, rules, plan: { settings: wide } });
  return { strict, coercing };
}

const decimal: Rule = { kind: 'decimal', from: 'v', precision: 10, scale: 2 };

describe('a value that its rule refuses', () => {
  test.each<[Rule, string, string, string]>([
    [decimal, 'numeric(10,2)', ' 1.234,56 ', '1234.56'],
    [{ kind: 'integer', from: 'v' }, 'integer', '1,234.00', '1234'],
    [{ kind: 'boolean', from: 'v' }, 'boolean', 'nein', 'false'],
    [{ kind: 'date', from: 'v' }, 'date', '31.12.2024', '2024-12-31'],
    [
      { kind: 'timestamp', from: 'v' },
      'timestamp with time zone',
      '12/31/2024 10:30',
      '2024-12-31 10:30:00+00',
    ],
    [
      { kind: 'keep', from: 'v' },
      'uuid',
      '{0F9A8B7C-1234-4ABC-8DEF-0123456789AB}',
      '0f9a8b7c-1234-4abc-8def-0123456789ab',
    ],
  ])('%o reads wider on demand only, and says so without the value', (rule, type, text, expected) => {
    const { strict, coercing } = reading(rule, type);
    const cells = { id: '1', v: text };
    expect(strict(cells)).toMatchObject({ row: undefined, faults: [{ column: 'v' }], warnings: [] });
    const read = coercing(cells);
    expect(read.row?.['v']).toBe(expected);
    expect(read.faults).toEqual([]);
    expect(read.warnings).toEqual([
      { column: 'v', reason: expect.stringMatching(/^read with wider coercion: [^\d]+$/) as string },
    ]);
  });

  test('is still refused where it would have to be rounded, or is out of bounds', () => {
    const { coercing } = reading({ ...decimal, min: '0' }, 'numeric(10,2)');
    expect(coercing({ id: '1', v: '1.234,567' }).faults).toHaveLength(1);
    expect(coercing({ id: '1', v: '-1,5' }).faults).toHaveLength(1);
    expect(coercing({ id: '1', v: '1,234' }).faults).toHaveLength(1);
  });

  test('keeps what a date cannot hold of it', () => {
    const { coercing } = reading({ kind: 'date', from: 'v' }, 'date');
    const read = coercing({ id: '1', v: '31.12.2024 10:00' });
    expect([read.row?.['v'], read.leftovers]).toEqual(['2024-12-31', { v: '31.12.2024 10:00' }]);
  });
});

describe('a value that its rule takes', () => {
  test.each<[Rule, string, string]>([
    [decimal, 'numeric(10,2)', '5.00'],
    [{ kind: 'boolean', from: 'v' }, 'boolean', 'N'],
    [{ kind: 'date', from: 'v' }, 'date', '2024-02-01'],
    [{ kind: 'timestamp', from: 'v' }, 'timestamp with time zone', '2024-02-01 10:00:00'],
    // an integer that is not spelt as one leaves the column empty by its rule
    [{ kind: 'integer', from: 'v', otherwise: 'null' }, 'integer', '1,234,567'],
    // any text is an identity
    [{ kind: 'identity', from: 'v', namespace: 'n' }, 'uuid', '{0f9a8b7c-1234-4abc-8def-0123456789ab}'],
  ])('%o reads no other way', (rule, type, v) => {
    const { strict, coercing } = reading(rule, type);
    const [before, after] = [strict({ id: '1', v }), coercing({ id: '1', v })];
    expect(before.faults).toEqual([]);
    expect([after.bytes, after.warnings]).toEqual([before.bytes, before.warnings]);
  });
});

describe('a currency beside an amount', () => {
  test('is kept where the row has none of its own', () => {
    const { coercing } = reading(decimal, 'numeric(10,2)');
    const read = coercing({ id: '1', v: '€ 5,00' });
    expect([read.row?.['v'], read.leftovers]).toEqual(['5.00', { v: '€ 5,00' }]);
  });

  const currency: Rule = { kind: 'currency', from: 'currency', default: 'USD' };
  test.each([
    ['€ 5,00', 'EUR', '5.00'],
    ['$5', 'cad', '5.00'],
    ['$5', null, '5.00'],
    ['5 USD', '', '5.00'],
    // which of the two is right?
    ['€ 5,00', 'USD', undefined],
    ['€ 5,00', null, undefined],
    ['5 GBP', 'EUR', undefined],
    ['$5', 'EUR', undefined],
    ['$5', 'rupees', undefined],
  ])('%s of a row in %s is %s', (v, code, expected) => {
    const { coercing } = reading(decimal, 'numeric(10,2)', {
      columns: { currency: 'text' },
      rules: { currency },
    });
    expect(coercing({ id: '1', v, currency: code }).row?.['v']).toBe(expected);
  });
});
