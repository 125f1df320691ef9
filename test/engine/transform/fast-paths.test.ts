import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyTeller } from '../../../src/engine/legacy-key.js';
import type { SourceColumn, WireKind } from '../../../src/engine/row.js';
import type { SourceTable } from '../../../src/engine/source/types.js';
import type { Step } from '../../../src/engine/step.js';
import type { Resolution } from '../../../src/engine/transform/types.js';
import { fold } from '../../../src/engine/values/text.js';
import { comparableId, isUuid, uuidText } from '../../../src/engine/values/uuid.js';
import type { Rule } from '../../../src/plan/model.js';
import { mover, planOf, rawRow, sourceColumns, type Cell, type Columns, type Setup } from './rows.js';

/** Ids as texts hold them: UUIDs in several spellings, with one byte that is wrong, and 36 bytes of something else. */
const ids: fc.Arbitrary<Cell> = fc.oneof(
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
  fc
    .tuple(fc.uuid(), fc.constantFrom(' ', '\u00a0', '\ufeff'), fc.boolean())
    .map(([uuid, space, before]) => (before ? `${space}${uuid}` : `${uuid}${space}`)),
  fc.uuid().map((uuid) => `{${uuid}}`),
  fc.uuid().map((uuid) => uuid.replaceAll('-', '')),
  fc.tuple(fc.uuid(), fc.nat({ max: 35 }), fc.nat({ max: 255 })).map(([uuid, at, byte]) => {
    const bytes = Buffer.from(uuid);
    bytes[at] = byte;
    return bytes;
  }),
  fc.constantFrom(
    '        -1000-2000-3000-400000000000',
    ' 1000000-1000-2000-3000-400000000000',
    '10000000-1000-2000-3000-40000000000 ',
    '10000000-1000-2000-3000-4000000000\u00a0',
    '10000000-1000-2000-3000-40000000000\0',
    '10000000-1000 2000 3000 400000000000',
    '12345678901234567890123456789012345-',
    '5'.padEnd(36),
    '5'.padStart(36),
    '5'.padStart(36, '0'),
    '-5'.padEnd(36, '0'),
    '5.'.padEnd(36, '0'),
  ),
);

/** Values of a wire kind as its server could send them: ordinary, at the edges, and as wrong as the kind allows. */
const cellsOf: Readonly<Record<WireKind, fc.Arbitrary<Cell>>> = {
  text: fc.oneof(
    ids,
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
  json: fc.constantFrom(
    'null',
    ' {}',
    '{"b":1,"a":[1.10,1e2]}',
    '{"a":1,"a":2}',
    '"\\u0000"',
    '"\\u00e9 "',
    '1.10',
  ),
  jsonb: fc.constantFrom('null', '{}', '[]', '{"a": 1}', '"null"', 'true', '1.10'),
};

const kinds = Object.keys(cellsOf) as WireKind[];

/** The form of a column. MySQL's bit(1) is a boolean as text whose type is looked at. */
type Form = Columns[string] | 'bit(1)';

/** Every kind as PostgreSQL sends it, and as the text that MySQL sends. */
const forms: readonly Form[] = [...kinds, ...kinds.map((kind) => `${kind}/text` as const), 'bit(1)'];

/** Values of a column: one that comes as text may hold any. */
function cellsIn(form: Form): fc.Arbitrary<Cell> {
  if (form === 'bit(1)') return fc.oneof(fc.constantFrom('0', '1', '\0', '\u0001'), cellsOf.text);
  const [kind, text] = form.split('/') as [WireKind, string | undefined];
  return text === undefined ? cellsOf[kind] : fc.oneof(cellsOf[kind], cellsOf.text);
}

/** Columns in these forms, for a `Setup` and for its plan. */
function columnsIn(named: Readonly<Record<string, Form>>): {
  columns: Columns;
  sourceColumns: readonly SourceColumn[];
} {
  const columns: Columns = Object.fromEntries(
    Object.entries(named).map(([name, form]) => [name, form === 'bit(1)' ? 'bool/text' : form]),
  );
  const typed = sourceColumns(columns).map((column) =>
    named[column.name] === 'bit(1)' ? { ...column, type: 'bit(1)' } : column,
  );
  return { columns, sourceColumns: typed };
}

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
  ['integer or default', { kind: 'integer', from: 'a', otherwise: 'null', default: 7 }, 'integer'],
  ['big integer', { kind: 'integer', from: 'a', big: true }, 'bigint'],
  ['boolean', { kind: 'boolean', from: ['a', 'b'], default: true }, 'boolean!'],
  ['timestamp', { kind: 'timestamp', from: ['a', 'b'] }, 'timestamp with time zone'],
  ['timestamp of the run', { kind: 'timestamp', from: 'a', default: 'run' }, 'timestamp with time zone!'],
  ['date', { kind: 'date', from: 'a' }, 'date'],
  ['json', { kind: 'json', from: ['a', 'b'] }, 'jsonb'],
  ['json with a default', { kind: 'json', from: 'a', default: '[]' }, 'jsonb!'],
  [
    'reshaped json',
    {
      kind: 'json',
      from: 'a',
      reshape: (value) => {
        if (value === true) throw new Error('is true');
        return [value];
      },
    },
    'jsonb',
  ],
  ['identity', { kind: 'identity', from: ['a', 'b'], namespace: 'users' }, 'uuid'],
  [
    'reference',
    { kind: 'reference', to: 'others', id: 'a', code: 'b', missing: 'null', label: 'other' },
    'uuid',
  ],
  ['reference by id', { kind: 'reference', to: 'others', id: 'a', missing: 'null', label: 'other' }, 'uuid'],
  [
    'document',
    {
      kind: 'document',
      fields: { x: { from: ['a', 'b'] }, y: { from: 'a', as: 'json' }, z: { fields: {}, leftovers: true } },
    },
    'jsonb!',
  ],
  [
    'document of ids',
    { kind: 'document', fields: { x: { from: 'a_id' }, y: { from: 'a_id', as: 'json' }, z: { from: 'a' } } },
    'jsonb!',
  ],
];

/** Short texts and two of three UUIDs are found, one of these with a warning: all answers of an index occur. */
function resolve(legacyId: string): Resolution {
  if (legacyId !== comparableId(legacyId)) throw new Error('ids must come in the form they are compared in');
  const key = Buffer.alloc(16, legacyId);
  if (!isUuid(legacyId)) return legacyId.length % 2 === 1 ? { found: true, key } : missing;
  const kind = Number.parseInt(legacyId.slice(-1), 16) % 3;
  if (kind === 0) return missing;
  return { found: true, key, ...(kind === 1 && { warning: 'stands for several' }) };
}

const missing: Resolution = { found: false };

const references: Setup['plan'] = {
  references: () => ({
    byLegacyId: resolve,
    byUuid: (bytes, start, into) => {
      const found = resolve(uuidText(bytes, start));
      if (!found.found || found.warning !== undefined || typeof found.key === 'string') return false;
      found.key.copy(into);
      return true;
    },
    byCode: (code) => {
      if (code !== fold(code)) throw new Error('codes must come folded');
      return code.length < 6 ? { found: true, key: Buffer.alloc(16, code.length) } : missing;
    },
  }),
};

describe.each(rules)('%s', (name, rule, type) => {
  it.each(forms)('answers the same on the fast and on the slow way, from %s', (form) => {
    const other = rule.kind === 'reference' ? 'text' : form;
    const { columns, sourceColumns: typed } = columnsIn({
      id: 'uuid',
      a: form,
      b: other,
      ...(name === 'document of ids' && { a_id: form }),
    });
    for (const sourceTimeZone of rule.kind === 'timestamp' ? ['UTC', 'Europe/Berlin'] : ['UTC'])
      for (const wanted of rule.kind === 'document' || rule.kind === 'timestamp' ? [[]] : [[], ['value']]) {
        const setup = (slow: boolean): Setup => ({
          columns,
          target: { ...target, value: type, ...(rule.kind !== 'document' && { rest: 'jsonb!' }) },
          rules: { id, value: rule, ...(rule.kind !== 'document' && { rest: document }) },
          plan: {
            ...references,
            sourceColumns: typed,
            slow,
            wanted,
            settings: { ...settingsIn(sourceTimeZone) },
          },
        });
        const fast = mover(setup(false));
        const slow = mover(setup(true));
        const cell = fc.option(cellsIn(form), { freq: 6 });
        fc.assert(
          fc.property(cell, fc.option(cellsIn(other), { freq: 2 }), fc.boolean(), (a, b, same) => {
            const cells = {
              id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
              a,
              b: same && other === form ? a : b,
              a_id: a,
            };
            const [one, two] = [fast(cells), slow(cells)];
            const show = ({ bytes, faults, warnings, row, context }: typeof one): unknown => ({
              bytes,
              faults,
              warnings,
              row,
              value: context.values['value'],
              trimmed: context.trimmed,
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

/** Forms of a key column that a server compares by its text. */
const keyForms = [
  'int4',
  'text',
  'uuid',
  'int8',
  'text/text',
  'uuid/text',
  'int4/text',
  'int8/text',
] as const;

describe('the identity of the row itself', () => {
  it.each(keyForms)('is the same on the fast and on the slow way, from %s', (form) => {
    const setup = (slow: boolean): Setup => ({
      columns: { id: form },
      target: { id: 'uuid!', number: 'integer', rest: 'jsonb!' },
      rules: { id, number: { kind: 'integer', from: 'id', otherwise: 'null' }, rest: document },
      plan: { slow },
    });
    const [fast, slow] = [mover(setup(false)), mover(setup(true))];
    fc.assert(
      fc.property(fc.option(cellsIn(form), { freq: 9 }), (cell) => {
        const [one, two] = [fast({ id: cell }), slow({ id: cell })];
        expect([one.bytes, one.faults, one.warnings]).toEqual([two.bytes, two.faults, two.warnings]);
      }),
    );
  });
});

describe('whether the target key tells the legacy key', () => {
  /** Moves a row with this key and asks; undefined when the row was rejected. */
  function asking(form: Columns[string]): (key: Cell) => { told: boolean; same: boolean } | undefined {
    const setup: Setup = { columns: { id: form }, target: { id: 'uuid!' }, rules: { id } };
    const { entity, source: plan, sourceColumns: columns } = planOf(setup);
    const table: SourceTable = {
      name: plan.table,
      columns,
      key: ['id'],
      readable: true,
      clustered: true,
    };
    const tells = keyTeller({ entity } as Step, { plan, table });
    const move = mover(setup);
    return (key) => {
      const { row, context } = move({ id: key });
      if (row === undefined) return undefined;
      const told = tells(rawRow(columns, { id: key }), context);
      return { told, same: row['id'] === context.legacyKey };
    };
  }

  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

  describe.each(['text', 'text/text', 'uuid/text'] as const)('from %s', (form) => {
    it.each([
      ['a UUID in lower case', uuid, true],
      ['one in capitals', uuid.toUpperCase(), false],
      ['one with a single capital', uuid.replace('f', 'F'), false],
      ['one padded before', ` ${uuid}`, false],
      ['one padded behind', `${uuid} `, false],
      ['what is no UUID', '4711', false],
    ])('%s', (_name, key, told) => {
      expect(asking(form)(key)?.told).toBe(told);
    });
  });

  it.each(keyForms)('is so where they are the same text, from %s', (form) => {
    const ask = asking(form);
    fc.assert(
      fc.property(cellsIn(form), (key) => {
        const answer = ask(key);
        expect(answer?.told).toBe(answer?.same);
      }),
    );
  });
});
