import type { BooleanRule } from '../../../plan/model.js';
import type { SourceColumn } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { parseBoolean } from '../../values/boolean.js';
import { widerBoolean } from '../../values/wider/boolean.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import { typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import { widening } from '../widening.js';

export function compileBoolean(rule: BooleanRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  typeOfKind(input, rule.kind, 'boolean');
  const from = alternatives(rule.from, input, {
    emptyIsMissing: true,
    canonical: (text) => String(parseBoolean(text) ?? text),
  });

  const widened = widening(input, widerBoolean);

  const write = (value: boolean, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = value;
    out.bool(value);
  };
  const absent = absentWriter(
    input,
    rule,
    from,
    rule.default === undefined ? undefined : write.bind(null, rule.default),
  );
  if (from.fields.length === 0) return writeAbsent(absent);

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const value = parseBoolean(text) ?? widened(text, field, context);
    if (value === undefined) context.fault(field.name, 'is neither true nor false');
    else write(value, context, out);
  };

  return withFastPaths(from, input, slow, ({ column, at }) => {
    const read = booleanReader(column);
    if (read === undefined) return undefined;
    return (row, context, out) => {
      const value = row.length[at] === 1 ? read(row.bytes[row.start[at] as number] as number) : undefined;
      if (value === undefined) slow(row, context, out);
      else write(value, context, out);
    };
  });
}

/** Reads a value of one byte, undefined for what needs a closer look. */
function booleanReader({
  kind,
  encoding,
}: SourceColumn): ((byte: number) => boolean | undefined) | undefined {
  if (kind === 'bool' && encoding === 'pg-binary') return (byte) => byte === 1;
  if (encoding === 'text' || kind === 'text')
    return (byte) => {
      if (byte === 0x31) return true;
      return byte === 0x30 ? false : undefined;
    };
  return undefined;
}
