import type { ConstantRule } from '../../../plan/model.js';
import { TupleWriter } from '../../target/tuple-writer.js';
import { refusal } from '../refuse.js';
import { valueFromText, writeValue } from '../target-value.js';
import type { ColumnWriter, CompileInput } from '../types.js';

/** Encoded once; every row copies the same bytes. */
export function compileConstant(rule: ConstantRule, input: CompileInput): ColumnWriter {
  const { target, wanted, type } = input;
  const value = rule.value === null ? null : valueFromText(rule.value, type);
  if (value === undefined) throw refusal(input, 'the constant of its rule is not a value of that type');
  if (value === null && !target.nullable) throw refusal(input, 'the constant of its rule is null');
  const once = new TupleWriter(64);
  writeValue(once, value, type);
  const field = once.bytes.subarray(0, once.position);
  return (_row, context, out) => {
    if (wanted) context.values[target.name] = value;
    out.raw(field, 0, field.length);
  };
}
