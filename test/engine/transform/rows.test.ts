import { describe, expect, it } from 'vitest';
import { MigrationError } from '../../../src/contract/errors.js';
import { compileTransform } from '../../../src/engine/transform/compile.js';
import { rowAsText, rowDocument } from '../../../src/engine/transform/row-text.js';
import type { ComputedRule, DocumentRule, Rule } from '../../../src/plan/model.js';
import { mover, planOf, rawRow, sourceColumns, type Columns, type Setup } from './rows.js';

const key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const identity: Rule = { kind: 'identity', from: 'id' };

describe('documents', () => {
  const columns: Columns = {
    id: 'int4',
    city: 'text',
    zip_code: 'text',
    tags: 'text',
    is_old: 'bool',
    weight_kg: 'numeric',
    ref_id: 'int4',
    count: 'int4',
    seen_at: 'timestamp',
    changed_at: 'timestamptz',
    born: 'date',
    owner: 'uuid',
    extra: 'jsonb',
    zipCode: 'text',
    'odd name': 'text',
    line1: 'text',
  };
  const run = mover({
    columns,
    target: { id: 'uuid!', address: 'jsonb!', metadata: 'jsonb!' },
    rules: {
      id: identity,
      address: {
        kind: 'document',
        fields: { zipcode: { from: 'zip_code' }, city: { from: 'city' }, tags: { from: 'tags', as: 'json' } },
      },
      metadata: {
        kind: 'document',
        fields: {
          legacy: { fields: { origin: { constant: 'shop' } }, leftovers: true },
          migrationDate: { runStart: true },
        },
      },
    },
  });

  it('leave out what is missing', () => {
    expect(run({ id: '1' }).row).toMatchObject({
      address: '{}',
      metadata: '{"legacy": {"id": "1", "origin": "shop"}, "migrationDate": "2000-01-01T00:00:01.000Z"}',
    });
  });

  it('hold everything that no rule uses, each type in its form', () => {
    const outcome = run({
      id: '7',
      city: ' Köln "am" Rhein ',
      zip_code: '',
      tags: '["a", 1.10]',
      is_old: 'true',
      weight_kg: '1.50',
      ref_id: '12',
      count: '3',
      seen_at: '2024-01-02 03:04:05.6',
      changed_at: '2024-01-02 03:04:05',
      born: '2000-02-29',
      owner: key,
      extra: '{"x": [1.0]}',
      zipCode: 'z',
      'odd name': 'o',
      line1: 'l\n',
    });
    expect(outcome.row?.['address']).toBe(
      '{"city": "Köln \\"am\\" Rhein", "tags": ["a", 1.10], "zipcode": ""}',
    );
    expect(JSON.parse(outcome.row?.['metadata'] ?? '')).toEqual({
      legacy: {
        id: '7',
        origin: 'shop',
        isOld: true,
        weightKg: '1.50',
        refId: '12',
        count: 3,
        seenAt: '2024-01-02T03:04:05.6',
        changedAt: '2024-01-02T03:04:05Z',
        born: '2000-02-29',
        owner: key,
        extra: { x: [1] },
        zipCode: 'z',
        oddName: 'o',
        line1: 'l',
      },
      migrationDate: '2000-01-01T00:00:01.000Z',
    });
  });

  it('reject JSON that jsonb would change, and keep text that only looks like JSON', () => {
    expect(run({ id: '1', tags: '{"a":1,"a":2}' }).row?.['address']).toBe(
      '{"tags": "{\\"a\\":1,\\"a\\":2}"}',
    );
    expect(run({ id: '1', tags: '[1' }).row?.['address']).toBe('{"tags": "[1"}');
  });

  it('take the legacy rows that were merged into the row, once', () => {
    const merging = mover({
      columns: { id: 'uuid' },
      target: { id: 'uuid!', metadata: 'jsonb!' },
      rules: {
        id: identity,
        metadata: { kind: 'document', fields: { legacy: { fields: {}, leftovers: true } } },
      },
      entity: {
        consolidation: {
          into: 'legacy_things',
          from: 'legacy_others',
          matches: [],
          firstBy: 'id',
          keptIn: { column: 'metadata', path: ['legacy', 'mergedVendors'] },
        },
      },
    });
    const outcome = merging({ id: key }, (context) => {
      context.attached = ['{"id": "7"}', '{"id": "8"}'];
    });
    expect(outcome.row?.['metadata']).toBe('{"legacy": {"mergedVendors": [{"id": "7"}, {"id": "8"}]}}');
    expect(outcome.context.attached).toEqual([]);
    expect(merging({ id: key }).row?.['metadata']).toBe('{"legacy": {}}');
  });

  describe('begun from a legacy document', () => {
    const onto: DocumentRule = {
      kind: 'document',
      onto: 'metadata',
      fields: {
        legacy: { fields: { id: { legacyKey: true } }, leftovers: true },
        migrationDate: { runStart: true },
      },
    };
    const begin = mover({
      columns: { id: 'text', metadata: 'text', note: 'text' },
      target: { id: 'uuid!', metadata: 'jsonb!' },
      rules: { id: identity, metadata: onto },
    });
    const document = (metadata: string | null, note: string | null = null, id = key) =>
      begin({ id, metadata, note }).row?.['metadata'];

    it('stay as they are without leftovers', () => {
      expect(document('{"zz":1.0,"a":2}')).toBe('{"a": 2, "zz": 1.0}');
      expect([document(null), document(''), document('null')]).toEqual(['{}', '{}', '{}']);
    });
    it('get leftovers beside their own keys', () => {
      expect(document('{"a":2}', 'n')).toBe(
        '{"a": 2, "legacy": {"note": "n"}, "migrationDate": "2000-01-01T00:00:01.000Z"}',
      );
      expect(document(null, null, '17')).toBe(
        '{"legacy": {"id": "17"}, "migrationDate": "2000-01-01T00:00:01.000Z"}',
      );
    });
    it('become leftovers where they cannot be gone on with', () => {
      expect(document('[1]')).toBe(
        '{"legacy": {"metadata": [1]}, "migrationDate": "2000-01-01T00:00:01.000Z"}',
      );
      expect(document('{"legacy":1}')).toBe(
        '{"legacy": {"metadata": {"legacy": 1}}, "migrationDate": "2000-01-01T00:00:01.000Z"}',
      );
      expect(begin({ id: key, metadata: '{' }).faults).toMatchObject([{ column: 'metadata' }]);
    });
  });

  it('that nobody has leave the leftovers to the loader', () => {
    const bare = mover({
      columns: { id: 'text', note: 'text' },
      target: { id: 'uuid!' },
      rules: { id: identity },
    });
    expect(bare({ id: key, note: null }).leftovers).toBeNull();
    expect(bare({ id: key, note: 'ü' }).leftovers).toEqual({ note: 'ü' });
    expect(bare({ id: '17' }).leftovers).toEqual({ id: '17' });
  });
});

describe('computed columns', () => {
  const available: ComputedRule = {
    kind: 'computed',
    needs: ['on_hand', 'reserved'],
    compute: ({ on_hand, reserved }) => Number(on_hand) - Number(reserved),
    legacy: { from: 'available', use: 'compare' },
  };
  const status: ComputedRule = {
    kind: 'computed',
    needs: ['available'],
    compute: ({ available: left }) => (Number(left) > 0 ? 'in' : 'out'),
    legacy: { from: 'status', use: 'prefer', known: ['in', 'out'] },
  };
  const run = mover({
    columns: { id: 'uuid', on_hand: 'int4', reserved: 'text', available: 'numeric', status: 'text' },
    target: {
      id: 'uuid!',
      status: 'character varying(5)!',
      available: 'integer!',
      on_hand: 'integer!',
      reserved: 'integer!',
      metadata: 'jsonb!',
    },
    rules: {
      id: identity,
      status,
      available,
      on_hand: { kind: 'integer', from: 'on_hand', default: 0 },
      reserved: { kind: 'integer', from: 'reserved', default: 0 },
      metadata: { kind: 'document', fields: { legacy: { fields: {}, leftovers: true } } },
    },
  });

  it('come from other columns, whatever their order', () => {
    expect(run({ id: key, on_hand: '5' }).row).toMatchObject({
      available: '5',
      status: 'in',
      metadata: '{"legacy": {}}',
    });
  });
  it('warn of another legacy figure and keep it', () => {
    const outcome = run({ id: key, on_hand: '5', available: '6.00' });
    expect(outcome.row).toMatchObject({ available: '5', metadata: '{"legacy": {"available": "6.00"}}' });
    expect(outcome.warnings).toMatchObject([{ column: 'available' }]);
    expect(run({ id: key, on_hand: '5', available: '5.00' }).warnings).toEqual([]);
  });
  it('prefer the legacy value, in lower case', () => {
    expect(run({ id: key, status: ' OUT' }).row).toMatchObject({ status: 'out' });
    expect(run({ id: key, status: 'Lost' })).toMatchObject({
      row: { status: 'lost' },
      warnings: [{ column: 'status' }],
    });
    expect(run({ id: key, status: 'much too long' }).faults).toMatchObject([{ column: 'status' }]);
  });
  it('are not computed from what has a fault', () => {
    expect(run({ id: key, reserved: 'many' }).faults.map(({ column }) => column)).toEqual(['reserved']);
  });
});

describe('a row', () => {
  const run = mover({
    columns: { id: 'int4', code: 'text', price: 'text', cost: 'text', since: 'text', until: 'text' },
    target: {
      id: 'integer!',
      code: 'text!',
      price: 'numeric(10,2)',
      cost: 'numeric(10,2)',
      since: 'date',
      until: 'date',
    },
    rules: {
      id: { kind: 'keep', from: 'id' },
      code: { kind: 'text', from: 'code', required: true, min: 3 },
      price: { kind: 'decimal', from: 'price', precision: 10, scale: 2 },
      cost: { kind: 'decimal', from: 'cost', precision: 10, scale: 2 },
      since: { kind: 'date', from: 'since' },
      until: { kind: 'date', from: 'until' },
    },
    source: {
      checks: [
        {
          needs: ['price', 'cost'],
          check: ({ price, cost }) =>
            price != null && cost != null && cost > price
              ? { column: 'cost', reason: 'is above the price', warning: true }
              : undefined,
        },
        {
          needs: ['since', 'until'],
          check: ({ since, until }) =>
            since != null && until != null && until < since
              ? { column: 'until', reason: 'is before its beginning' }
              : undefined,
        },
      ],
    },
  });
  const good = { id: '5', code: 'abc', price: '2', cost: '10', since: '2024-01-01', until: 'infinity' };

  it('is checked as a whole', () => {
    expect(run(good)).toMatchObject({
      faults: [],
      warnings: [{ column: 'cost', reason: 'is above the price' }],
    });
    expect(run({ ...good, until: '2023-12-31' }).faults).toEqual([
      { code: 'ERR_003', column: 'until', reason: 'is before its beginning' },
    ]);
  });

  it('shows all of its faults', () => {
    expect(
      run({ ...good, code: 'a', price: 'x', until: '2024-02-30' }).faults.map(({ column }) => column),
    ).toEqual(['code', 'price', 'until']);
  });

  it('keeps its own key', () => {
    const outcome = run(good);
    expect([outcome.context.targetKey, outcome.context.legacyKey, outcome.leftovers]).toEqual([
      '5',
      '5',
      null,
    ]);
  });

  it('takes reserved numbers for a generated key, and keeps the legacy one', () => {
    const numbered = mover({
      columns: { id: 'text', a: 'text', b: 'text' },
      target: { id: 'integer!', a: 'text!', b: 'text!' },
      rules: { id: { kind: 'generated' }, a: { kind: 'text', from: 'a' }, b: { kind: 'text', from: 'b' } },
      plan: { sourceKey: ['a', 'b'] },
    });
    const outcome = numbered({ id: 'x', a: '1', b: '2' }, (context) => {
      context.nextGenerated = () => 4711n;
    });
    expect(outcome.row?.['id']).toBe('4711');
    expect([outcome.context.targetKey, outcome.context.legacyKey]).toEqual(['4711', '1,2']);
  });

  it('with several key columns has an array of texts for its key', () => {
    const several = mover({
      columns: { a: 'int4', b: 'text' },
      target: { a: 'bigint!', b: 'text!' },
      rules: { a: { kind: 'keep', from: 'a' }, b: { kind: 'keep', from: 'b' } },
      entity: { key: ['a', 'b'] },
      plan: { sourceKey: ['a', 'b'] },
    });
    expect(several({ a: '7', b: ' x' }).context.targetKey).toBe('["7"," x"]');
  });

  it('can be shown whole: as text, and as a document', () => {
    const columns = sourceColumns({ id: 'int4', legacy_note: 'text', at: 'timestamptz', raw: 'text/text' });
    const row = rawRow(columns, {
      id: '3',
      legacy_note: ' n ',
      at: '2024-01-01 00:00:00',
      raw: Buffer.from([0xff, 0x41]),
    });
    expect(rowAsText(row, columns)).toEqual({
      id: '3',
      legacy_note: ' n ',
      at: '2024-01-01 00:00:00+00',
      raw: '\\xff41',
    });
    expect(rowDocument(columns, new Set())(row)).toBe(
      '{"at": "2024-01-01T00:00:00Z", "id": "3", "raw": "\\\\xff41", "legacyNote": "n"}',
    );
    expect(rowDocument(columns.slice(0, 3), new Set())(row)).toBe(
      '{"at": "2024-01-01T00:00:00Z", "id": "3", "legacyNote": "n"}',
    );
  });
});

describe('what does not fit together is refused before the first row', () => {
  const base: Setup = {
    columns: { id: 'uuid' },
    target: { id: 'uuid!', value: 'text' },
    rules: { id: identity },
  };
  const wrong: readonly (readonly [string, Setup, RegExp])[] = [
    [
      'a target column that is not there',
      { ...base, rules: { id: identity, nope: { kind: 'constant', value: null } } },
      /nope.*no such column/,
    ],
    [
      'a type that no rule can write',
      {
        ...base,
        target: { id: 'uuid!', value: 'point' },
        rules: { id: identity, value: { kind: 'text', from: 'id' } },
      },
      /value \(point\)/,
    ],
    [
      'a rule for another type',
      { ...base, rules: { id: identity, value: { kind: 'boolean', from: 'id' } } },
      /value \(text\).*boolean columns only/,
    ],
    [
      'a required column that the legacy table has not',
      { ...base, rules: { id: identity, value: { kind: 'text', from: ['a', 'b'], required: true } } },
      /no column a, b/,
    ],
    [
      'a decimal that the target would round',
      {
        ...base,
        target: { id: 'uuid!', value: 'numeric(10,1)' },
        rules: { id: identity, value: { kind: 'decimal', from: 'a', precision: 10, scale: 2 } },
      },
      /rounded or overflow/,
    ],
    [
      'a constant of another type',
      {
        ...base,
        target: { id: 'uuid!', value: 'integer' },
        rules: { id: identity, value: { kind: 'constant', value: 'x' } },
      },
      /constant/,
    ],
    [
      'an unknown time zone',
      {
        ...base,
        columns: { id: 'uuid', a: 'timestamp' },
        target: { id: 'uuid!', value: 'timestamp with time zone' },
        rules: { id: identity, value: { kind: 'timestamp', from: 'a' } },
        plan: { settings: { ...planOf(base).settings, sourceTimeZone: 'Nowhere' } },
      },
      /Nowhere/,
    ],
    ['a key without a rule', { ...base, rules: {}, target: { id: 'uuid!' } }, /it is the key/],
    ['a legacy key that is not there', { ...base, plan: { sourceKey: ['nr'] } }, /no key column nr/],
    [
      'computed columns in a circle',
      {
        ...base,
        rules: { id: identity, value: { kind: 'computed', needs: ['value'], compute: () => null } },
      },
      /computed from itself/,
    ],
    [
      'a reference without its columns',
      {
        ...base,
        rules: {
          id: identity,
          value: { kind: 'reference', to: 'x', id: 'x_id', missing: 'reject', label: 'x' },
        },
      },
      /no column x_id/,
    ],
  ];
  it.each(wrong)('%s', (_what, setup, message) => {
    const compile = () => compileTransform(planOf(setup));
    expect(compile).toThrow(MigrationError);
    expect(compile).toThrow(message);
    expect(compile).toThrow(expect.objectContaining({ code: 'ERR_002' }));
  });

  it('while an optional column that is not there stays empty', () => {
    const run = mover({ ...base, rules: { id: identity, value: { kind: 'text', from: 'gone' } } });
    expect(run({ id: key }).row).toEqual({ id: key, value: null });
  });
});
