import type { DecimalRule } from '../../../plan/model.js';
import type { RawRow, SourceColumn } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { asciiUnits } from '../../values/ascii-number.js';
import {
  canonicalDecimal,
  decimalMisfit,
  parseDecimal,
  safePrecision,
  unitsOf,
  type Decimal,
} from '../../values/decimal.js';
import {
  copyNumeric,
  maxUnitsScale,
  misfit,
  numericUnits,
  writeNumeric,
  writeUnits,
} from '../../values/pg-numeric.js';
import { widerAmount } from '../../values/wider/amount.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import { currencyBeside } from '../currency-beside.js';
import type { Field } from '../field.js';
import { refusal, refuseBitStrings, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import { widening } from '../widening.js';

export function compileDecimal(rule: DecimalRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const { precision, scale } = rule;
  const shownScale = targetScale(rule, input);
  const from = alternatives(rule.from, input, {
    emptyIsMissing: true,
    canonical: (text) => canonical(text) ?? text,
  });
  const limits = {
    low: rule.min === undefined ? undefined : limitUnits(rule.min, rule, input),
    high: rule.max === undefined ? undefined : limitUnits(rule.max, rule, input),
  };

  const widened = widenedAmount(input);

  const write = (value: Decimal, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = unitsOf(value, precision, scale);
    writeNumeric(out, value, shownScale);
  };
  const absent = absentWriter(input, rule, from, defaultOf(rule, input, write));
  if (from.fields.length === 0) return writeAbsent(absent);
  refuseBitStrings(
    input,
    from.fields.map(({ column }) => column),
  );

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const value = parseDecimal(text) ?? widened(text, field, row, context);
    if (value === undefined) return context.fault(field.name, 'is not a decimal number');
    const why = decimalMisfit(value, precision, scale);
    if (why !== undefined) return context.fault(field.name, `${why}, and would have to be rounded or cut`);
    const units = unitsOf(value, precision, scale);
    const under = limits.low !== undefined && units < limits.low;
    if (under || (limits.high !== undefined && units > limits.high)) {
      const reason = under ? `is less than ${rule.min}` : `is more than ${rule.max}`;
      if (rule.limits !== 'warn') return context.fault(field.name, reason);
      context.warn(field.name, reason);
    }
    write(value, context, out);
  };

  const low = limits.low ?? -Infinity;
  const high = limits.high ?? Infinity;
  return withFastPaths(from, input, slow, (field) => {
    const read = precision <= safePrecision ? unitsReader(field.column, precision, scale) : undefined;
    const writeUnit = read && unitsWriter(field, scale, shownScale);
    if (read === undefined || writeUnit === undefined) return undefined;
    const { at } = field;
    const nullIsNull = rule.required !== true && rule.default === undefined && target.nullable && !wanted;
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length === -1 && nullIsNull) return out.null();
      if (length < 1) return slow(row, context, out);
      const units = read(row.bytes, row.start[at] as number, length);
      if (units === misfit || units < low || units > high) return slow(row, context, out);
      writeUnit(row, units, out);
      if (wanted) context.values[target.name] = units;
    };
  });
}

/**
 * A currency beside the number says nothing new where the row names the same one. One that the row contradicts leaves it
 * open what the amount is; one of a row without a currency is kept.
 */
function widenedAmount(
  input: CompileInput,
): (text: string, field: Field, row: RawRow, context: RowContext) => Decimal | undefined {
  const widen = widening(input, widerAmount);
  const beside = currencyBeside(input);
  return (text, field, row, context) => {
    const amount = widen(text, field, context);
    if (amount?.currencies === undefined) return amount?.number;
    if (beside === undefined) field.keep(row, context);
    else if (!amount.currencies.includes(beside(row) ?? '')) return undefined;
    return amount.number;
  };
}

function canonical(text: string): string | undefined {
  const value = parseDecimal(text);
  return value && canonicalDecimal(value);
}

/** The display scale to write; refuses a target that could not hold everything the rule lets in. */
function targetScale({ kind, precision, scale }: DecimalRule, input: CompileInput): number {
  const type = typeOfKind(input, kind, 'numeric');
  if (type.scale === undefined) return scale;
  if (type.scale < scale || type.precision - type.scale < precision - scale)
    throw refusal(input, `the rule's numeric(${precision},${scale}) would be rounded or overflow`);
  return type.scale;
}

function fitting(text: string, { precision, scale }: DecimalRule, input: CompileInput): Decimal {
  const value = parseDecimal(text);
  if (value === undefined || decimalMisfit(value, precision, scale) !== undefined)
    throw refusal(input, `${text} in its rule is not a numeric(${precision},${scale})`);
  return value;
}

function limitUnits(text: string, rule: DecimalRule, input: CompileInput): number | bigint {
  return unitsOf(fitting(text, rule, input), rule.precision, rule.scale);
}

function defaultOf(
  rule: DecimalRule,
  input: CompileInput,
  write: (value: Decimal, context: RowContext, out: TupleWriter) => void,
): ((context: RowContext, out: TupleWriter) => void) | undefined {
  if (rule.default === undefined) return undefined;
  const value = fitting(rule.default, rule, input);
  return (context, out) => write(value, context, out);
}

/** Reads units of 10^-scale from the wire, `misfit` for whatever needs a closer look. */
function unitsReader(
  { kind, encoding }: SourceColumn,
  precision: number,
  scale: number,
): ((bytes: Buffer, start: number, length: number) => number) | undefined {
  if (kind === 'text' || (kind === 'numeric' && encoding === 'text'))
    return (bytes, start, length) => asciiUnits(bytes, start, length, precision, scale);
  if (kind === 'numeric') return (bytes, start) => numericUnits(bytes, start, precision, scale);
  return undefined;
}

/** Writes what was read: the same digits with the target's display scale, or digits made from the units. */
function unitsWriter(
  { column, at }: Field,
  scale: number,
  shownScale: number,
): ((row: RawRow, units: number, out: TupleWriter) => void) | undefined {
  if (column.kind === 'numeric' && column.encoding === 'pg-binary')
    return (row, _units, out) =>
      copyNumeric(row.bytes, row.start[at] as number, row.length[at] as number, shownScale, out);
  if (scale !== shownScale || scale > maxUnitsScale) return undefined;
  return (_row, units, out) => writeUnits(out, units, scale);
}
