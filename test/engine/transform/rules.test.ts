import { describe, expect, it } from 'vitest';
import type { Resolution } from '../../../src/engine/transform/types.js';
import { identityOf, namespaceOf, uuidText, uuidV5 } from '../../../src/engine/values/uuid.js';
import type { Rule } from '../../../src/plan/model.js';
import { mover, settings, type Columns, type Outcome, type Setup } from './rows.js';

const key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const keeping: Rule = { kind: 'document', fields: { legacy: { fields: {}, leftovers: true } } };

/** Moves one row with a single rule; what is kept shows in `rest`. */
function move(
  rule: Rule,
  type: string,
  columns: Columns,
  cells: Readonly<Record<string, string | Buffer | null>>,
  plan: Setup['plan'] = {},
): Outcome & { value: string | null | undefined; kept: unknown } {
  const outcome = mover({
    columns: { id: 'uuid', ...columns },
    target: { id: 'uuid!', value: type, rest: 'jsonb!' },
    rules: { id: { kind: 'identity', from: 'id' }, value: rule, rest: keeping },
    plan,
  })({ id: key, ...cells });
  const rest = outcome.row?.['rest'];
  return {
    ...outcome,
    value: outcome.row?.['value'],
    kept: rest == null ? undefined : (JSON.parse(rest) as { legacy: unknown }).legacy,
  };
}

const reasons = ({ faults }: Outcome): string[] => faults.map(({ column, reason }) => `${column} ${reason}`);
const warned = ({ warnings }: Outcome): string[] =>
  warnings.map(({ column, reason }) => `${column} ${reason}`);

describe('text', () => {
  const optional: Rule = { kind: 'text', from: 'a', max: 5 };
  it('is trimmed at both ends and counted in code points', () => {
    expect(move(optional, 'text', { a: 'text' }, { a: ' \u00a0😀b d😀\ufeff' }).value).toBe('😀b d😀');
    expect(reasons(move(optional, 'text', { a: 'text' }, { a: '😀23456' }))).toEqual([
      'a is longer than 5 characters',
    ]);
  });

  it('keeps an empty optional text, the text NULL, and counts what it trimmed', () => {
    const outcome = move(optional, 'text', { a: 'text' }, { a: '  ' });
    expect([outcome.value, outcome.context.trimmed]).toEqual(['', 1]);
    expect(move(optional, 'text', { a: 'text' }, { a: 'NULL' }).value).toBe('NULL');
    expect(move(optional, 'text', { a: 'text' }, { a: null }).value).toBeNull();
  });

  it('counts empty as missing where it is required or has a default', () => {
    expect(reasons(move({ ...optional, required: true }, 'text', { a: 'text' }, { a: ' ' }))).toEqual([
      'a is required and missing',
    ]);
    expect(move({ ...optional, default: 'x' }, 'text', { a: 'text' }, { a: '' }).value).toBe('x');
  });

  it('takes the first filled of two columns and keeps another that differs', () => {
    const either: Rule = { kind: 'text', from: ['name', 'product_name'], required: true };
    const columns: Columns = { name: 'text', product_name: 'text' };
    expect(move(either, 'text', columns, { name: ' ', product_name: 'B' }).value).toBe('B');
    expect(move(either, 'text', columns, { name: 'A', product_name: 'A ' })).toMatchObject({
      value: 'A',
      kept: {},
    });
    expect(move(either, 'text', columns, { name: 'A', product_name: 'B' })).toMatchObject({
      value: 'A',
      kept: { productName: 'B' },
    });
    expect(move(either, 'text', { product_name: 'text' }, { product_name: 'B' }).value).toBe('B');
    expect(
      move({ ...either, required: false }, 'text', columns, { name: '', product_name: 'B' }),
    ).toMatchObject({
      value: '',
      kept: { productName: 'B' },
    });
  });

  it('rejects bytes that are no text, whichever column they are in', () => {
    expect(reasons(move(optional, 'text', { a: 'text/text' }, { a: Buffer.from([0xff]) }))).toEqual([
      'a holds bytes that are not valid UTF-8',
    ]);
    expect(
      reasons(move(optional, 'text', { a: 'text/text', other: 'text/text' }, { a: 'x', other: 'a\0' }))[0],
    ).toContain('other holds a NUL');
  });

  it('stores statuses in lower case and warns of unknown ones', () => {
    const status: Rule = { kind: 'text', from: 'a', known: ['draft', 'active'], default: 'draft' };
    expect(move(status, 'text', { a: 'text' }, { a: ' ACTIVE' })).toMatchObject({
      value: 'active',
      warnings: [],
    });
    const unknown = move(status, 'text', { a: 'text' }, { a: 'Frozen' });
    expect([unknown.value, warned(unknown)]).toEqual([
      'frozen',
      ['a is none of draft, active; kept as it is'],
    ]);
    expect(move(status, 'text', { a: 'text' }, { a: '' }).value).toBe('draft');
  });

  it('rejects a bad required e-mail address and lets an optional one in with a warning', () => {
    const email: Rule = { kind: 'text', from: 'a', format: 'email' };
    expect(reasons(move({ ...email, required: true }, 'text', { a: 'text' }, { a: 'a b@c.d' }))).toEqual([
      'a is not an e-mail address',
    ]);
    const kept = move(email, 'text', { a: 'text' }, { a: 'nobody' });
    expect([kept.value, kept.warnings.length]).toEqual(['nobody', 1]);
  });

  it('brings phones into the international form, or keeps them with a warning', () => {
    const phone: Rule = { kind: 'text', from: 'a', format: 'phone', max: 50 };
    expect(move(phone, 'text', { a: 'text' }, { a: '+1-212-555-4567' })).toMatchObject({
      value: '+12125554567',
      warnings: [],
    });
    const local = move(phone, 'text', { a: 'text' }, { a: '212 555 4567' });
    expect([local.value, local.warnings.length]).toEqual(['212 555 4567', 1]);
    const us = { settings: { ...settings, defaultCountry: 'US' } };
    expect(move(phone, 'text', { a: 'text' }, { a: '2125554567' }, us).value).toBe('+12125554567');
    expect(move(phone, 'text', { a: 'text' }, { a: '' })).toMatchObject({ value: '', warnings: [] });
  });
});

describe('currency', () => {
  const rule: Rule = { kind: 'currency', from: 'a', default: 'USD' };
  it('is upper case, the default only where it is missing, and empty with a warning when unknown', () => {
    const run = (a: string | null) => move(rule, 'character varying(3)', { a: 'text' }, { a });
    expect([run(' eur').value, run(null).value, run('').value]).toEqual(['EUR', 'USD', 'USD']);
    expect(run('DEM')).toMatchObject({ value: null, kept: { a: 'DEM' }, warnings: [{ column: 'a' }] });
  });
});

describe('numbers', () => {
  const price: Rule = {
    kind: 'decimal',
    from: ['price', 'old_price'],
    precision: 10,
    scale: 2,
    default: '0',
    min: '0',
  };
  it.each(['1e3', '.5', '5.', '+5.00', '1,234.50', '$5', 'NaN'])('money %s is rejected', (text) => {
    expect(reasons(move(price, 'numeric(10,2)!', { price: 'text' }, { price: text }))).toEqual([
      'price is not a decimal number',
    ]);
  });

  it('money keeps its scale, takes zeros behind the point, and is never rounded', () => {
    const run = (cell: string | null) => move(price, 'numeric(10,2)!', { price: 'numeric' }, { price: cell });
    expect([run('5').value, run('5.1000').value, run(null).value]).toEqual(['5.00', '5.10', '0.00']);
    expect(reasons(run('5.001'))).toEqual([
      'price has more than 2 digits behind the point, and would have to be rounded or cut',
    ]);
    expect(reasons(run('100000000'))[0]).toContain('more than 8 digits before the point');
    expect(reasons(run('-0.01'))).toEqual(['price is less than 0']);
    expect(reasons(run('NaN'))).toEqual(['price is not a decimal number']);
  });

  it('money in two columns is compared by value', () => {
    const columns: Columns = { price: 'numeric', old_price: 'text' };
    expect(move(price, 'numeric(10,2)', columns, { price: '5', old_price: '005.00' })).toMatchObject({
      value: '5.00',
      kept: {},
    });
    expect(move(price, 'numeric(10,2)', columns, { price: '5', old_price: '6.0' })).toMatchObject({
      value: '5.00',
      kept: { oldPrice: '6.0' },
    });
  });

  it('a value outside warned limits is kept', () => {
    const rating: Rule = {
      kind: 'decimal',
      from: 'a',
      precision: 3,
      scale: 2,
      min: '0',
      max: '5',
      limits: 'warn',
    };
    const outcome = move(rating, 'numeric(3,2)', { a: 'numeric' }, { a: '7.5' });
    expect([outcome.value, warned(outcome)]).toEqual(['7.50', ['a is more than 5']]);
  });

  it('5.0 is the integer 5, 2^31 is none', () => {
    const rule: Rule = { kind: 'integer', from: 'a', default: 1 };
    expect(move(rule, 'integer', { a: 'numeric' }, { a: '5.0' }).value).toBe('5');
    expect(move(rule, 'integer', { a: 'text' }, { a: ' ' }).value).toBe('1');
    expect(reasons(move(rule, 'integer', { a: 'int8' }, { a: '2147483648' }))[0]).toContain('outside');
    expect(reasons(move(rule, 'integer', { a: 'text' }, { a: '5.5' }))).toEqual(['a is not an integer']);
    expect(
      move({ ...rule, big: true }, 'bigint', { a: 'text/text' }, { a: '9223372036854775807' }).value,
    ).toBe('9223372036854775807');
    expect(
      reasons(move({ ...rule, big: true }, 'bigint', { a: 'int8/text' }, { a: '18446744073709551615' }))[0],
    ).toContain('outside');
  });

  it('an integer or null: the legacy id where it is one', () => {
    const rule: Rule = { kind: 'integer', from: 'a', otherwise: 'null' };
    const run = (a: string) => move(rule, 'integer', { a: 'text' }, { a });
    expect(['17', '0', '-3', '007', '5.0', 'p-17', '2147483647'].map((a) => run(a).value)).toEqual([
      '17',
      '0',
      '-3',
      null,
      null,
      null,
      '2147483647',
    ]);
    expect(run('2147483648')).toMatchObject({ value: null, warnings: [{ column: 'a' }] });
    expect(move(rule, 'integer', { a: 'uuid' }, { a: key }).value).toBeNull();
  });
});

describe('booleans', () => {
  const rule: Rule = { kind: 'boolean', from: 'a', default: true };
  it('come in many spellings; tinyint 2 is none', () => {
    expect(move(rule, 'boolean!', { a: 'text' }, { a: ' No ' }).value).toBe('false');
    expect(move(rule, 'boolean!', { a: 'int2/text' }, { a: '1' }).value).toBe('true');
    expect(move(rule, 'boolean!', { a: 'text/text' }, { a: Buffer.from([1]) }).value).toBe('true');
    expect(move(rule, 'boolean!', { a: 'text' }, { a: '' }).value).toBe('true');
    expect(reasons(move(rule, 'boolean!', { a: 'int2/text' }, { a: '2' }))).toEqual([
      'a is neither true nor false',
    ]);
  });
});

describe('times', () => {
  const rule: Rule = { kind: 'timestamp', from: 'a' };
  const type = 'timestamp with time zone';
  const berlin = { settings: { ...settings, sourceTimeZone: 'Europe/Berlin' } };

  it('are read in the configured zone, and a zone of their own wins', () => {
    expect(move(rule, type, { a: 'timestamp' }, { a: '2024-07-01 12:00:00.123456' }, berlin).value).toBe(
      '2024-07-01 10:00:00.123456+00',
    );
    expect(move(rule, type, { a: 'timestamp/text' }, { a: '2024-07-01 12:00:00.123456' }, berlin).value).toBe(
      '2024-07-01 10:00:00.123456+00',
    );
    expect(move(rule, type, { a: 'text' }, { a: '2024-07-01T12:00:00Z' }, berlin).value).toBe(
      '2024-07-01 12:00:00+00',
    );
    expect(move(rule, type, { a: 'timestamptz' }, { a: '2024-07-01 12:00:00' }, berlin).value).toBe(
      '2024-07-01 12:00:00+00',
    );
    expect(move(rule, type, { a: 'timestamptz/text' }, { a: '2024-07-01 12:00:00' }, berlin).value).toBe(
      '2024-07-01 12:00:00+00',
    );
  });

  it('that are infinite or before Christ are kept', () => {
    for (const a of ['infinity', '-infinity'])
      expect(move(rule, type, { a: 'timestamp' }, { a }, berlin).value).toBe(a);
    expect(move(rule, type, { a: 'timestamp' }, { a: '0044-03-15 12:00:00 BC' }).value).toBe(
      '0044-03-15 12:00:00+00 BC',
    );
  });

  it('that are missing become the start of the run where the rule says so, and a zero date does not', () => {
    const created: Rule = { ...rule, default: 'run' };
    expect(move(created, `${type}!`, { a: 'timestamp' }, { a: null }).value).toBe('2000-01-01 00:00:01+00');
    expect(reasons(move(created, `${type}!`, { a: 'timestamp/text' }, { a: '0000-00-00 00:00:00' }))).toEqual(
      ['a is a zero date, which is no date'],
    );
    expect(reasons(move(created, type, { a: 'timestamp/text' }, { a: '0000-00-00 00:00:00' }))).toHaveLength(
      1,
    );
  });

  it('that are zero dates become null where that is allowed, never another date', () => {
    expect(move(rule, type, { a: 'timestamp/text' }, { a: '0000-00-00 00:00:00' })).toMatchObject({
      value: null,
      kept: {},
    });
    expect(move(rule, type, { a: 'timestamp/text' }, { a: '2020-00-15 00:00:00' })).toMatchObject({
      value: null,
      kept: { a: '2020-00-15 00:00:00' },
    });
    expect(reasons(move(rule, type, { a: 'text' }, { a: '2023-02-30' }))).toEqual([
      'a is not a date and time',
    ]);
  });

  it('become dates only when nothing is lost', () => {
    const date: Rule = { kind: 'date', from: 'a', required: true };
    expect(move(date, 'date!', { a: 'timestamp' }, { a: '2024-07-01 00:00:00' })).toMatchObject({
      value: '2024-07-01',
      warnings: [],
    });
    expect(move(date, 'date!', { a: 'timestamp' }, { a: '2024-07-01 12:00:00' })).toMatchObject({
      value: '2024-07-01',
      kept: { a: '2024-07-01T12:00:00' },
      warnings: [{ column: 'a' }],
    });
    expect(reasons(move(date, 'date!', { a: 'date/text' }, { a: '0000-00-00' }))).toEqual([
      'a is a zero date, which is no date',
    ]);
  });
});

describe('JSON', () => {
  const rule: Rule = { kind: 'json', from: 'a', default: '[]' };
  it('keeps numbers and is canonical', () => {
    expect(move(rule, 'jsonb!', { a: 'text' }, { a: ' {"bb":1.10,"a":[9007199254740993,1e2]} ' }).value).toBe(
      '{"a": [9007199254740993, 100], "bb": 1.10}',
    );
    expect(move(rule, 'jsonb!', { a: 'jsonb' }, { a: '{"a": 1}' }).value).toBe('{"a": 1}');
  });

  it('null and empty text are missing where there is a default', () => {
    for (const a of [null, '', 'null']) expect(move(rule, 'jsonb!', { a: 'text' }, { a }).value).toBe('[]');
    expect(move(rule, 'jsonb!', { a: 'jsonb' }, { a: 'null' }).value).toBe('[]');
    expect(move({ kind: 'json', from: 'a' }, 'jsonb', { a: 'jsonb' }, { a: 'null' }).value).toBe('null');
  });

  it.each(['{', '{"a":1,"a":2}', '"\\u0000"', '"\\ud800"', '1e999999'])('%s is rejected', (a) => {
    expect(move(rule, 'jsonb!', { a: 'json' }, { a }).faults).toMatchObject([
      { code: 'ERR_003', column: 'a' },
    ]);
  });

  it('is reshaped by the plan, which may reject it but not break', () => {
    const reshape = (message: Error): Rule => ({
      ...rule,
      reshape: () => {
        throw message;
      },
    });
    expect(reasons(move(reshape(new Error('has no tiers')), 'jsonb!', { a: 'text' }, { a: '{}' }))).toEqual([
      'a has no tiers',
    ]);
    expect(() => move(reshape(new TypeError('bug')), 'jsonb!', { a: 'text' }, { a: '{}' })).toThrow('bug');
  });
});

describe('identity', () => {
  const rule: Rule = { kind: 'identity', from: 'a', namespace: 'users' };
  it('keeps a UUID and makes one of anything else, keeping the original', () => {
    expect(move(rule, 'uuid', { a: 'text' }, { a: ` ${key.toUpperCase()}` })).toMatchObject({
      value: key,
      kept: {},
    });
    const made = uuidText(identityOf(namespaceOf('users'), '17'));
    expect(move(rule, 'uuid', { a: 'int4' }, { a: '17' })).toMatchObject({ value: made, kept: { a: '17' } });
    expect(move(rule, 'uuid', { a: 'text' }, { a: '' }).value).toBeNull();
  });

  it('of the row itself is kept as id when it is no UUID', () => {
    const run = mover({
      columns: { code: 'text' },
      target: { id: 'uuid!', rest: 'jsonb!' },
      rules: { id: { kind: 'identity', from: 'code' }, rest: keeping },
    });
    const outcome = run({ code: 'customer-17' });
    expect(outcome.row).toEqual({
      id: uuidText(identityOf(namespaceOf('legacy_things'), 'customer-17')),
      rest: '{"legacy": {"id": "customer-17"}}',
    });
    expect(uuidText(outcome.context.targetKey as Buffer)).toBe(outcome.row?.['id']);
    expect(outcome.context.legacyKey).toBe('customer-17');
    expect(run({ code: key }).row).toEqual({ id: key, rest: '{"legacy": {}}' });
  });

  it('gets a new UUID, with a warning, where another row has its own', () => {
    const outcome = move(
      { kind: 'constant', value: null },
      'text',
      {},
      {},
      { decisions: { reminted: new Set([key]) } },
    );
    expect(outcome.row?.['id']).toBe(uuidText(uuidV5(namespaceOf('legacy_things'), key)));
    expect(outcome.row?.['id']).not.toBe(key);
    expect(outcome.kept).toEqual({ id: key });
    expect(outcome.warnings).toHaveLength(1);
  });

  it('makes a parent, whose columns must hold the legacy id', () => {
    const ensures = {
      table: 'warehouses',
      key: 'id',
      columns: { code: { legacyId: true, max: 5 } },
    } as const;
    const outcome = move({ ...rule, ensures }, 'uuid', { a: 'text' }, { a: 'WH-1' });
    expect(outcome.context.ensured).toMatchObject([
      { legacyId: 'WH-1', key: identityOf(namespaceOf('users'), 'WH-1') },
    ]);
    expect(outcome.kept).toEqual({});
    expect(reasons(move({ ...rule, ensures }, 'uuid', { a: 'text' }, { a: 'WH-123' }))[0]).toContain(
      'longer than the 5 characters',
    );
  });
});

describe('references', () => {
  const one = Buffer.alloc(16, 1);
  const two = Buffer.alloc(16, 2);
  const found =
    (by: Readonly<Record<string, Buffer>>, warning?: string) =>
    (text: string): Resolution => {
      const target = by[text];
      return target === undefined
        ? { found: false }
        : { found: true, key: target, ...(warning !== undefined && { warning }) };
    };
  const index = {
    references: () => ({ byLegacyId: found({ '1': one }), byCode: found({ 'sup-1': one, 'sup-2': two }) }),
  };
  const rule: Rule = {
    kind: 'reference',
    to: 'suppliers',
    id: 'supplier_id',
    code: 'supplier_code',
    missing: 'null',
    label: 'supplier',
  };
  const columns: Columns = { supplier_id: 'text', supplier_code: 'text' };
  const run = (
    supplier_id: string | null,
    supplier_code: string | null,
    missing: 'null' | 'reject' = 'null',
  ) => move({ ...rule, missing }, 'uuid', columns, { supplier_id, supplier_code }, index);

  it('are found by id, and a code that leads elsewhere is kept', () => {
    expect(run(' 1 ', ' Sup-1')).toMatchObject({ value: uuidText(one), warnings: [], kept: {} });
    expect(run('1', 'SUP-2')).toMatchObject({ value: uuidText(one), kept: { supplierCode: 'SUP-2' } });
  });

  it('are found by code, with a warning only when an id was there', () => {
    expect(run(null, 'SUP-2 ')).toMatchObject({ value: uuidText(two), warnings: [] });
    expect(run('9', 'SUP-2')).toMatchObject({
      value: uuidText(two),
      warnings: [{ column: 'supplier_id' }],
      kept: { supplierId: '9' },
    });
  });

  it('that lead nowhere are null with a warning and kept, or a reject', () => {
    expect(run('9', 'SUP-9')).toMatchObject({
      value: null,
      warnings: [{ column: 'supplier_id' }],
      kept: { supplierId: '9', supplierCode: 'SUP-9' },
    });
    expect(run(null, null)).toMatchObject({ value: null, warnings: [], kept: {} });
    const expected: Rule = { ...rule, unnamed: 'warn' };
    const none = { supplier_id: '', supplier_code: null };
    expect(move(expected, 'uuid', columns, none, index)).toMatchObject({
      value: null,
      warnings: [{ column: 'supplier_id', reason: 'names no supplier; left empty' }],
      kept: {},
    });
    expect(run('9', null, 'reject').faults).toEqual([
      { code: 'ERR_004', column: 'supplier_id', reason: 'names no supplier that was moved' },
    ]);
    expect(run(null, '', 'reject').faults).toEqual([
      { code: 'ERR_004', column: 'supplier_id', reason: 'is missing' },
    ]);
  });

  it('to their own entity wait until all rows are in, unless they are resolved', () => {
    const own: Rule = { kind: 'reference', to: 'things', id: 'parent', missing: 'null', label: 'parent' };
    const later = move(own, 'uuid', { parent: 'text' }, { parent: ` ${key.toUpperCase()}` });
    expect(later.value).toBeNull();
    expect(later.context.links).toEqual([{ column: 'value', legacyId: key }]);
    const now = move(own, 'uuid', { parent: 'text' }, { parent: '1' }, { ...index, resolveOwn: true });
    expect([now.value, now.context.links]).toEqual([uuidText(one), []]);
  });
});
