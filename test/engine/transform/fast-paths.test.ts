import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireKind } from '../../../src/engine/row.js';
import { fold } from '../../../src/engine/values/text.js';
import type { Rule } from '../../../src/plan/model.js';
import { mover, type Cell, type Columns, type Setup } from './rows.js';

/** Values of a wire kind as its server could send them: ordinary, at the edges, and as wrong as the kind allows. */
const cellsOf: Readonly<Record<Exclude<WireKind, 'json'>, fc.Arbitrary<Cell>>> = {
  text: fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 90 }),
    fc.string({ minLength: 60, maxLength: 80 }),
    fc.constantFrom(
      '',
      ' ',
      '\u00a0x\u3000',
      '\ufeffbom',
      'ok',
      'a\0b',
      'usd',
      'EUR',
      ' GBP ',
      'XXY',
      'a@b.co',
      'A@b..c',
      '.@b.c',
      'a@.c',
      'a,b@c.d',
      '"q"',
      'a\\b',
      'tab\tx',
      '12.50',
      '-3',
      '007',
      '5.0',
      '1e3',
      '.5',
      '5.',
      '+1',
      '99999999.99',
      '100000000',
      '0.001',
      '-0',
      '2147483648',
      '12345678901234567890',
      'yes',
      'N',
      'TRUE',
      '1',
      '0',
      'maybe',
      '{"b":1,"a":[1.10,1e2]}',
      '[1',
      'null',
      'NULL',
      '{"a":1,"a":2}',
      '"\\u0000"',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g',
      'a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11',
      '2024-03-31 02:30:00',
      '2024-10-27 02:30:00.5',
      '0000-00-00 00:00:00',
      '2020-00-15',
      '2023-02-29 00:00:00',
      '2024-01-02',
      '2024-01-02T03:04:05Z',
      '2024-01-01 25:00:00',
      '1600-01-01 00:00:00',
      '2024-01-01 00:00:00.1234567',
      '2024-01-01 00:00:00.',
      'infinity',
    ),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  ),
  uuid: fc.uuid(),
  bool: fc.constantFrom('true', 'false'),
  int2: fc.integer({ min: -32768, max: 32767 }).map(String),
  int4: fc.oneof(fc.integer(), fc.integer({ min: -3, max: 400 })).map(String),
  int8: fc
    .oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -(2n ** 32n), max: 2n ** 32n }),
    )
    .map(String),
  numeric: fc.oneof(
    fc
      .tuple(fc.integer({ min: -10_000_000, max: 10_000_000 }), fc.stringMatching(/^(\.\d{1,9})?$/))
      .map(([whole, fraction]) => `${whole}${fraction}`),
    fc.constantFrom(
      'NaN',
      '0',
      '-0.01',
      '99999999.99',
      '100000000.00',
      '0.001',
      '0.0100',
      '10000',
      '123456789012345678901234567890',
      '1.0000000000000000000001',
    ),
  ),
  timestamp: fc.oneof(
    times(),
    fc.constantFrom(
      'infinity',
      '-infinity',
      '2024-03-31 02:30:00',
      '2024-10-27 02:30:00',
      '0044-03-15 01:02:03 BC',
      '9999-12-31 23:59:59.999999',
    ),
  ),
  timestamptz: times(),
  date: fc.constantFrom('2024-02-29', '0001-01-01', 'infinity', '5874897-12-31', '0044-03-15 BC'),
  jsonb: fc.constantFrom('null', '{}', '[]', '{"a": 1}', '"null"', 'true', '1.10'),
};

function times(): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min: -2_000_000_000, max: 5_000_000_000 }), fc.integer({ min: 0, max: 999_999 }))
    .map(
      ([seconds, micros]) =>
        `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}`,
    );
}

const target = { id: 'uuid!', value: '' };
const id: Rule = { kind: 'identity', from: 'id' };
const document: Rule = { kind: 'document', fields: { kept: { fields: {}, leftovers: true } } };

/** Every rule with a fast way, in the shapes that change the way, and the target types it writes. */
const rules: readonly (readonly [string, Rule, string])[] = [
  ['text', { kind: 'text', from: ['a', 'b'], max: 10 }, 'text'],
  ['required text', { kind: 'text', from: ['a', 'b'], required: true, min: 3 }, 'character varying(70)'],
  ['text with a default', { kind: 'text', from: 'a', default: 'x' }, 'text'],
  ['email', { kind: 'text', from: ['a', 'b'], format: 'email', required: true }, 'text!'],
  ['optional email', { kind: 'text', from: ['a', 'b'], format: 'email' }, 'text'],
  ['currency', { kind: 'currency', from: ['a', 'b'], default: 'USD' }, 'character varying(3)'],
  [
    'decimal',
    { kind: 'decimal', from: ['a', 'b'], precision: 10, scale: 2, min: '0', default: '0' },
    'numeric(10,2)!',
  ],
  ['wide decimal', { kind: 'decimal', from: ['a', 'b'], precision: 15, scale: 5 }, 'numeric(15,5)'],
  ['decimal into a wider column', { kind: 'decimal', from: 'a', precision: 5, scale: 2 }, 'numeric(12,4)'],
  ['decimal beyond 15 digits', { kind: 'decimal', from: 'a', precision: 30, scale: 8 }, 'numeric(30,8)'],
  [
    'decimal with warned limits',
    { kind: 'decimal', from: 'a', precision: 10, scale: 2, min: '0', max: '5', limits: 'warn' },
    'numeric',
  ],
  ['integer', { kind: 'integer', from: ['a', 'b'], default: 0, min: 0 }, 'integer!'],
  ['small integer', { kind: 'integer', from: 'a', max: 365, limits: 'warn' }, 'smallint'],
  ['integer or null', { kind: 'integer', from: 'a', otherwise: 'null' }, 'integer'],
  ['big integer', { kind: 'integer', from: 'a', big: true }, 'bigint'],
  ['boolean', { kind: 'boolean', from: ['a', 'b'], default: true }, 'boolean!'],
  ['timestamp', { kind: 'timestamp', from: ['a', 'b'] }, 'timestamp with time zone'],
  ['timestamp of the run', { kind: 'timestamp', from: 'a', default: 'run' }, 'timestamp with time zone!'],
  ['date', { kind: 'date', from: 'a' }, 'date'],
  ['json', { kind: 'json', from: ['a', 'b'] }, 'jsonb'],
  ['json with a default', { kind: 'json', from: 'a', default: '[]' }, 'jsonb!'],
  ['identity', { kind: 'identity', from: ['a', 'b'], namespace: 'users' }, 'uuid'],
  [
    'reference',
    { kind: 'reference', to: 'others', id: 'a', code: 'b', missing: 'null', label: 'other' },
    'uuid',
  ],
  [
    'document',
    {
      kind: 'document',
      fields: { x: { from: ['a', 'b'] }, y: { from: 'a', as: 'json' }, z: { fields: {}, leftovers: true } },
    },
    'jsonb!',
  ],
];

/** Short texts are found, so that both answers of an index occur. */
const references: Setup['plan'] = {
  references: () => ({
    byLegacyId: (key) =>
      key.length % 2 === 1 ? { found: true, key: Buffer.alloc(16, key.length) } : { found: false },
    byCode: (code) => {
      if (code !== fold(code)) throw new Error('codes must come folded');
      return code.length < 6 ? { found: true, key: Buffer.alloc(16, code.length) } : { found: false };
    },
  }),
};

const forms: readonly Columns[string][] = [
  ...(Object.keys(cellsOf) as (keyof typeof cellsOf)[]),
  'text/text',
  'numeric/text',
  'int4/text',
  'timestamp/text',
  'timestamptz/text',
  'bool/text',
];

describe.each(rules)('%s', (_name, rule, type) => {
  it.each(forms)('answers the same on the fast and on the slow way, from %s', (form) => {
    const kind = (form.endsWith('/text') ? 'text' : form) as keyof typeof cellsOf;
    const other = rule.kind === 'reference' ? 'text' : kind;
    const otherForm = rule.kind === 'reference' ? 'text' : form;
    for (const sourceTimeZone of rule.kind === 'timestamp' ? ['UTC', 'Europe/Berlin'] : ['UTC'])
      for (const wanted of rule.kind === 'document' || rule.kind === 'timestamp' ? [[]] : [[], ['value']]) {
        const setup = (slow: boolean): Setup => ({
          columns: { id: 'uuid', a: form, b: otherForm },
          target: { ...target, value: type, ...(rule.kind !== 'document' && { rest: 'jsonb!' }) },
          rules: { id, value: rule, ...(rule.kind !== 'document' && { rest: document }) },
          plan: { ...references, slow, wanted, settings: { ...settingsIn(sourceTimeZone) } },
        });
        const fast = mover(setup(false));
        const slow = mover(setup(true));
        const cell = fc.option(cellsOf[kind], { freq: 6 });
        fc.assert(
          fc.property(cell, fc.option(cellsOf[other], { freq: 2 }), fc.boolean(), (a, b, same) => {
            const cells = {
              id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
              a,
              b: same && other === kind ? a : b,
            };
            const [one, two] = [fast(cells), slow(cells)];
            const show = ({ bytes, faults, warnings, row, context }: typeof one): unknown => ({
              bytes,
              faults,
              warnings,
              row,
              value: context.values['value'],
            });
            expect(show(one)).toEqual(show(two));
          }),
          { numRuns: 60 },
        );
      }
  });
});

function settingsIn(sourceTimeZone: string) {
  return {
    runStartMicros: 1n,
    runStartIso: '2000-01-01T00:00:00.000Z',
    sourceTimeZone,
    defaultCountry: undefined,
    ignoredTaxIds: [],
  };
}

describe('the identity of the row itself', () => {
  it.each(['int4', 'text', 'uuid', 'int8', 'text/text', 'int4/text'] as const)(
    'is the same on the fast and on the slow way, from %s',
    (form) => {
      const setup = (slow: boolean): Setup => ({
        columns: { id: form },
        target: { id: 'uuid!', number: 'integer', rest: 'jsonb!' },
        rules: { id, number: { kind: 'integer', from: 'id', otherwise: 'null' }, rest: document },
        plan: { slow },
      });
      const [fast, slow] = [mover(setup(false)), mover(setup(true))];
      const kind = form.endsWith('/text') ? 'text' : (form as 'int4' | 'text' | 'uuid' | 'int8');
      fc.assert(
        fc.property(fc.option(cellsOf[kind], { freq: 9 }), (cell) => {
          const [one, two] = [fast({ id: cell }), slow({ id: cell })];
          expect([one.bytes, one.faults, one.warnings]).toEqual([two.bytes, two.faults, two.warnings]);
        }),
      );
    },
  );
});
