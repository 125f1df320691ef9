import type { TupleWriter } from '../target/tuple-writer.js';
import type { Alternatives } from './alternatives.js';
import { refusal } from './refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from './types.js';

/** Writes the column of a row whose legacy value is missing: the default, NULL, or a fault. */
export type AbsentWriter = (context: RowContext, out: TupleWriter, column: string) => void;

/**
 * Decides what missing means. Refuses a rule whose legacy columns do not exist at all when every row would be
 * rejected for it.
 */
export function absentWriter(
  input: CompileInput,
  rule: { readonly from: string | readonly string[]; readonly required?: boolean },
  { fields }: Alternatives,
  writeDefault?: (context: RowContext, out: TupleWriter) => void,
): AbsentWriter {
  const { target, wanted } = input;
  const missing = fields.length === 0;
  const names = [rule.from].flat().join(', ');
  if (rule.required === true) {
    if (missing) throw refusal(input, `it is required, and the legacy table has no column ${names}`);
    return (context, _out, column) => context.fault(column, 'is required and missing');
  }
  if (writeDefault !== undefined) return writeDefault;
  if (!target.nullable) {
    if (missing) throw refusal(input, `it may not be null, and the legacy table has no column ${names}`);
    return (context, _out, column) => context.fault(column, `is missing, and ${target.name} may not be null`);
  }
  return (context, out) => {
    if (wanted) context.values[target.name] = null;
    out.null();
  };
}

/** The writer of a rule none of whose legacy columns exist. */
export function writeAbsent(absent: AbsentWriter): ColumnWriter {
  return (_row, context, out) => absent(context, out, '');
}
