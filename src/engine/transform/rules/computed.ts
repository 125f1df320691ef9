import type { ComputedRule, Value } from '../../../plan/model.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { optionalField } from '../alternatives.js';
import type { Field } from '../field.js';
import { valueFromText, writeValue } from '../target-value.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';

/** Runs after the columns it needs; where one of those has a fault there is nothing to compute. */
export function compileComputed(rule: ComputedRule, input: CompileInput): ColumnWriter {
  const { target, wanted, type } = input;
  const legacy = optionalField(rule.legacy?.from, input);
  const preferred = rule.legacy?.use === 'prefer' ? rule.legacy : undefined;
  const known = preferred?.known;

  function write(value: Value, column: string, context: RowContext, out: TupleWriter): void {
    if (value === null && !target.nullable)
      return context.fault(column, `is missing, and ${target.name} may not be null`);
    if (wanted) context.values[target.name] = value;
    writeValue(out, value, type);
  }

  /** The legacy value of the row in the target's form; null when missing, undefined when it is not of the type. */
  function legacyValue(text: string | null): Value | undefined {
    if (text === null || text === '') return null;
    return valueFromText(known === undefined ? text : text.toLowerCase(), type);
  }

  function compare(
    value: Value,
    text: string | null,
    field: Field,
    row: Parameters<ColumnWriter>[0],
    context: RowContext,
  ): void {
    const given = legacyValue(text);
    if (given === null || given === value) return;
    context.warn(
      field.name,
      `differs from what ${target.name} comes to; the computed value is used, the original is kept`,
    );
    field.keep(row, context);
  }

  return (row, context, out) => {
    const text = legacy === undefined ? null : legacy.text(row, context);
    if (text === undefined) return;
    if (preferred !== undefined && legacy !== undefined) {
      const given = legacyValue(text);
      if (given === undefined) return context.fault(legacy.name, `does not fit ${target.type}`);
      if (given !== null) {
        if (known !== undefined && !known.includes(String(given)))
          context.warn(legacy.name, `is none of ${known.join(', ')}; kept as it is`);
        return write(given, legacy.name, context, out);
      }
    }
    if (rule.needs.some((name) => context.values[name] === undefined)) return out.null();
    const value = rule.compute(context.values as Record<string, Value>);
    if (preferred === undefined && legacy !== undefined) compare(value, text, legacy, row, context);
    write(value, legacy?.name ?? target.name, context, out);
  };
}
