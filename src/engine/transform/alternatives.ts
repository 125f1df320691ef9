import type { From } from '../../plan/model.js';
import type { RawRow } from '../row.js';
import { fieldOf, type Field } from './field.js';
import type { ColumnWriter, CompileInput, RowContext } from './types.js';

/** What a rule's legacy columns say in one row: the first filled one, or null and the first column. */
export interface Picked {
  readonly text: string | null;
  readonly field: Field;
}

/** The legacy columns of a rule that exist, in order of preference. */
export interface Alternatives {
  readonly fields: readonly Field[];
  /** Trimmed text of the first that is filled; others that say something else are kept. Undefined after a fault. */
  pick(row: RawRow, context: RowContext): Picked | undefined;
}

interface Options {
  /** the empty text is missing, so that the next column is asked */
  readonly emptyIsMissing: boolean;
  /** a form in which two texts of the same meaning are equal; the text itself unless told */
  readonly canonical?: (text: string) => string;
}

export function alternatives(from: From, input: CompileInput, options: Options): Alternatives {
  const names = typeof from === 'string' ? [from] : from;
  const fields = names.flatMap((name) => optionalField(name, input) ?? []);
  const { emptyIsMissing, canonical = (text) => text } = options;
  return {
    fields,
    pick(row, context) {
      let picked: { text: string; field: Field } | undefined;
      for (const field of fields) {
        const text = field.text(row, context);
        if (text === undefined) return undefined;
        if (text === null || (emptyIsMissing && text === '')) continue;
        if (picked === undefined) picked = { text, field };
        else if (canonical(text) !== canonical(picked.text)) field.keep(row, context);
      }
      return picked ?? { text: null, field: fields[0] as Field };
    },
  };
}

export function optionalField(name: string | undefined, input: CompileInput): Field | undefined {
  const column = name === undefined ? undefined : input.source.get(name);
  return column && fieldOf(column, input.leftoverKeys.get(column.name) ?? column.name);
}

/**
 * Puts fast ways in front of the slow one. `fastOf` makes the writer of a single column, which may itself fall back;
 * undefined where the column's kind has none. The slow way is taken when several alternatives are filled and their
 * bytes differ.
 */
export function withFastPaths(
  { fields }: Alternatives,
  input: CompileInput,
  slow: ColumnWriter,
  fastOf: (field: Field) => ColumnWriter | undefined,
): ColumnWriter {
  if (input.slow) return slow;
  const fast = fields.map((field) => fastOf(field) ?? slow);
  const [first, second] = fast;
  if (first === undefined) return slow;
  if (second === undefined) return first;
  if (fields.length > 2) return slow;
  const [a, b] = fields as [Field, Field];
  const comparable = a.column.kind === b.column.kind && a.column.encoding === b.column.encoding;
  return (row, context, out) => {
    const lengthA = row.length[a.at] as number;
    const lengthB = row.length[b.at] as number;
    if (lengthB === -1) first(row, context, out);
    else if (lengthA === -1) second(row, context, out);
    else if (comparable && lengthA === lengthB && sameBytes(row, a.at, b.at, lengthA))
      first(row, context, out);
    else slow(row, context, out);
  };
}

function sameBytes({ bytes, start }: RawRow, a: number, b: number, length: number): boolean {
  const startA = start[a] as number;
  const startB = start[b] as number;
  for (let i = 0; i < length; i++) if (bytes[startA + i] !== bytes[startB + i]) return false;
  return true;
}
