import type { GeneratedRule } from '../../../plan/model.js';
import { typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput } from '../types.js';
import { writeInteger } from './integer.js';

/** The next number of those that were reserved for this chunk. */
export function compileGenerated(rule: GeneratedRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const { size } = typeOfKind(input, rule.kind, 'integer');
  return (_row, context, out) => {
    const value = context.nextGenerated();
    if (wanted) context.values[target.name] = size === 8 ? value : Number(value);
    writeInteger(out, value, size);
  };
}
