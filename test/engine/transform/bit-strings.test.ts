import { expect, test } from 'vitest';
import { MigrationError } from '../../../src/contract/errors.js';
import { compileTransform } from '../../../src/engine/transform/compile.js';
import type { Rule } from '../../../src/plan/model.js';
import { planOf, sourceColumns } from './rows.js';

const rules: readonly (readonly [string, Rule])[] = [
  ['integer', { kind: 'integer', from: 'bits' }],
  ['numeric(20,0)', { kind: 'decimal', from: 'bits', precision: 20, scale: 0 }],
];

/** Compiles a rule over a column of this type, as PostgreSQL has it. */
function compile(type: string, [target, rule]: (typeof rules)[number]): unknown {
  const columns = { id: 'uuid', bits: 'text' } as const;
  return compileTransform(
    planOf({
      columns,
      target: { id: 'uuid!', value: target },
      rules: { id: { kind: 'identity', from: 'id' }, value: rule },
      plan: {
        sourceColumns: sourceColumns(columns).map((column) => ({
          ...column,
          type: column.name === 'bits' ? type : column.type,
        })),
      },
    }),
  );
}

test.each(rules)(
  'a string of bits is no number for %s: 1000 would be a thousand instead of eight',
  (...rule) => {
    for (const type of ['bit(8)', 'bit varying(8)', 'bit varying'])
      expect(() => compile(type, rule)).toThrow(MigrationError);
    expect(() => compile('bit(8)', rule)).toThrow(/bits is a string of bits \(bit\(8\)\)/);
    for (const type of ['bit(1)', 'text']) expect(() => compile(type, rule)).not.toThrow();
  },
);
