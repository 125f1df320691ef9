import { describe, expect, it } from 'vitest';
import type { SourceColumn } from '../../../src/engine/row.js';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { fieldOf } from '../../../src/engine/transform/field.js';
import { memberWriter } from '../../../src/engine/transform/member-writer.js';
import type { MemberWriter } from '../../../src/engine/transform/object-writer.js';
import { remembering } from '../../../src/engine/transform/remembering.js';
import { RowContext } from '../../../src/engine/transform/types.js';
import { rawRow, sourceColumns } from './rows.js';

const columns = sourceColumns({ id: 'int4', details: 'json/text' });
const details = columns[1] as SourceColumn;

/** Writes a JSON column with a memory, beside the same without one; counts how often the JSON had to be parsed. */
class Remembered {
  readonly context = new RowContext();
  parsed = 0;
  readonly #parse = memberWriter(fieldOf(details, 'details'), 'plain', true);
  readonly #write: MemberWriter = remembering(details.field, (row, context, out) => {
    this.parsed++;
    return this.#parse(row, context, out);
  });
  readonly #out = new TupleWriter(16);

  /** What is written for the field of a row; undefined for nothing. */
  write(field: string | null): string | undefined {
    return this.#written(this.#write, field, this.context);
  }

  /** What is written for it without a memory. */
  plain(field: string | null): string | undefined {
    return this.#written(this.#parse, field, new RowContext());
  }

  #written(write: MemberWriter, field: string | null, context: RowContext): string | undefined {
    const row = rawRow(columns, { id: '1', details: field });
    // One buffer, as with a chunk of rows: what was written before is not there any more.
    this.#out.position = 0;
    const written = write(row, context, this.#out);
    const { bytes, position } = this.#out;
    const text = bytes.toString('utf8', 0, position);
    bytes.fill(0);
    // Neither is the row that came before.
    row.bytes.fill(0);
    return written ? text : undefined;
  }
}

describe('what was written before', () => {
  it('is written again for the same bytes', () => {
    const one = new Remembered();
    const fields = ['{"b":1,"a":[1.10,1e2]}', '{"b":2}', '"é"', '{"b":1,"a":[1.10,1e2]}', '"é"', '{"b":2}'];
    const written = fields.map((field) => one.write(field));
    expect(written).toEqual(fields.map((field) => one.plain(field)));
    expect(written[0]).toBe('{"a": [1.10, 100], "b": 1}');
    expect(one.parsed).toBe(3);
  });

  it('is answered again: that there was nothing to write, too', () => {
    let asked = 0;
    const write = remembering(details.field, () => `answer ${++asked}`);
    const out = new TupleWriter(16);
    const answers = ['{}', '[]', '{}', '[]'].map((field) =>
      write(rawRow(columns, { id: '1', details: field }), new RowContext(), out),
    );
    expect(answers).toEqual(['answer 1', 'answer 2', 'answer 1', 'answer 2']);
    expect(out.position).toBe(0);
  });

  it('is not taken for a field of other bytes, however many share its place', () => {
    const one = new Remembered();
    // Of 9 000 fields most share one of 4 096 places with others, also with such as they are the beginning of.
    const fields = Array.from({ length: 9_000 }, (_, n) => String(9_000 - n));
    for (const again of [false, true])
      for (const field of fields) expect([again, one.write(field)]).toEqual([again, field]);
  });

  it('is found for as long as fields repeat', () => {
    const one = new Remembered();
    for (let n = 0; n < 50_000; n++) expect(one.write(`{"n":${n % 10}}`)).toBe(`{"n": ${n % 10}}`);
    expect(one.parsed).toBe(10);
  });
});

describe('written anew in every row is', () => {
  it('a text with white space around it, which is counted', () => {
    const one = new Remembered();
    for (const field of [' {"a":1}', '{"a":1}\n', ' {"a":1}', '{"a":1}\n', '\u00a0{"a":1}', '\u00a0{"a":1}'])
      expect(one.write(field)).toBe('{"a": 1}');
    expect([one.context.trimmed, one.parsed]).toEqual([6, 6]);
  });

  it('what is no JSON, which is a fault of each row', () => {
    const one = new Remembered();
    for (const field of ['{"a":', '{"a":1,"a":2}', '{"a":']) expect(one.write(field)).toBeUndefined();
    expect(one.context.faults.map(({ column }) => column)).toEqual(['details', 'details', 'details']);
    expect(one.context.faults[0]).toEqual(one.context.faults[2]);
    expect(one.parsed).toBe(3);
  });

  it.each([
    ['a warning', (context: RowContext) => context.warn('details', 'is odd')],
    ['a value that is kept', (context: RowContext) => context.keep('details', '1')],
    ['a link', (context: RowContext) => context.links.push({ column: 'parent', legacyId: '1' })],
  ])('what tells the row %s', (_name, tell) => {
    let told = 0;
    const write = remembering(details.field, (_row, context) => {
      told++;
      tell(context);
      return false;
    });
    for (let n = 0; n < 3; n++)
      expect(write(rawRow(columns, { id: '1', details: '{}' }), new RowContext(), new TupleWriter())).toBe(
        false,
      );
    expect(told).toBe(3);
  });

  it('what is missing, and what is long', () => {
    const one = new Remembered();
    const long = JSON.stringify('x'.repeat(300));
    for (const field of [null, null]) expect(one.write(field)).toBeUndefined();
    for (const field of [long, long]) expect(one.write(field)).toBe(long);
    expect(one.parsed).toBe(4);
  });
});

it('stops to remember where fields do not repeat', () => {
  const one = new Remembered();
  for (let n = 0; n < 30_000; n++) expect(one.write(`[${n}]`)).toBe(`[${n}]`);
  one.parsed = 0;
  for (const field of ['[29999]', '{"a":1}', '{"a":1}', '[1,2]', '{"a":1}'])
    expect(one.write(field)).toBe(one.plain(field));
  expect(one.parsed).toBe(5);
});
