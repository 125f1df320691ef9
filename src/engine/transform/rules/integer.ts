import type { IntegerRule } from '../../../plan/model.js';
import type { SourceColumn } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { asciiUnits } from '../../values/ascii-number.js';
import { integerLimits, parseInteger } from '../../values/integer.js';
import { misfit } from '../../values/pg-numeric.js';
import { readUuid } from '../../values/uuid.js';
import { widerInteger } from '../../values/wider/integer.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import { refusal, refuseBitStrings, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import { widening } from '../widening.js';

export function compileInteger(rule: IntegerRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const { size } = typeOfKind(input, rule.kind, 'integer');
  if (rule.big === true && size !== 8) throw refusal(input, 'its rule lets 64-bit integers in');
  const { min, max } = integerLimits[rule.big === true ? 8 : size === 2 ? 2 : 4];
  const lenient = rule.otherwise === 'null';
  const low = rule.min === undefined ? undefined : BigInt(rule.min);
  const high = rule.max === undefined ? undefined : BigInt(rule.max);
  const from = alternatives(rule.from, input, {
    emptyIsMissing: true,
    canonical: (text) => parseInteger(text)?.toString() ?? text,
  });

  const widened = widening(input, widerInteger);

  const write = (value: bigint, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = rule.big === true ? value : Number(value);
    writeInteger(out, value, size);
  };
  const absent = absentWriter(
    input,
    rule,
    from,
    rule.default === undefined ? undefined : write.bind(null, BigInt(rule.default)),
  );
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
    const value = lenient ? plainInteger(text) : (parseInteger(text) ?? widened(text, field, context));
    if (value === undefined || value < min || value > max) {
      if (!lenient)
        return context.fault(
          field.name,
          value === undefined ? 'is not an integer' : `is outside ${min} to ${max}`,
        );
      if (value !== undefined)
        context.warn(field.name, `is an integer outside ${min} to ${max}, so ${target.name} stays empty`);
      return absent(context, out, field.name);
    }
    const under = low !== undefined && value < low;
    if (under || (high !== undefined && value > high)) {
      const reason = under ? `is less than ${low}` : `is more than ${high}`;
      if (rule.limits !== 'warn') return context.fault(field.name, reason);
      context.warn(field.name, reason);
    }
    write(value, context, out);
  };

  if (rule.big === true || size === 8) return slow;
  const lowest = Math.max(Number(min), rule.min ?? -Infinity);
  const highest = Math.min(Number(max), rule.max ?? Infinity);
  return withFastPaths(from, input, slow, ({ column, at }) => {
    const read = integerReader(column);
    if (lenient || read === undefined)
      return lenient ? fastLenient(column, at, rule, input, slow) : undefined;
    const nullIsNull = rule.required !== true && rule.default === undefined && target.nullable && !wanted;
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length === -1 && nullIsNull) return out.null();
      if (length < 1) return slow(row, context, out);
      const value = read(row.bytes, row.start[at] as number, length);
      // `misfit` is under every limit.
      if (value < lowest || value > highest) return slow(row, context, out);
      if (size === 4) out.int32(value);
      else out.int16(value);
      if (wanted) context.values[target.name] = value;
    };
  });
}

export function writeInteger(out: TupleWriter, value: bigint, size: 2 | 4 | 8): void {
  if (size === 8) out.int64(value);
  else if (size === 4) out.int32(Number(value));
  else out.int16(Number(value));
}

/** An integer in the spelling of an integer column: `007` and `5.0` only look like one. */
function plainInteger(text: string): bigint | undefined {
  return /^(?:0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : undefined;
}

/** A UUID is never an integer, and an integer of the same size always is one: neither needs to be read. */
function fastLenient(
  { kind, encoding }: SourceColumn,
  at: number,
  rule: IntegerRule,
  { target, type, wanted }: CompileInput,
  slow: ColumnWriter,
): ColumnWriter | undefined {
  if (wanted || !target.nullable || rule.required === true || rule.default !== undefined) return undefined;
  if (rule.min !== undefined || rule.max !== undefined) return undefined;
  if (kind === 'text' || encoding === 'text')
    return (row, context, out) =>
      row.length[at] === 36 && readUuid(row.bytes, row.start[at] as number, scratch, 0)
        ? out.null()
        : slow(row, context, out);
  if (kind === 'uuid')
    return (row, context, out) => (row.length[at] === 16 ? out.null() : slow(row, context, out));
  if (kind !== 'int4' || type.kind !== 'integer' || type.size !== 4) return undefined;
  return (row, context, out) =>
    row.length[at] === 4 ? out.copy(row.bytes, row.start[at] as number, 4) : slow(row, context, out);
}

/** For a UUID that is read only to know that it is one. */
const scratch = Buffer.alloc(16);

/** Reads a number, `misfit` for what needs a closer look. */
function integerReader({
  kind,
  encoding,
}: SourceColumn): ((bytes: Buffer, start: number, length: number) => number) | undefined {
  if (encoding === 'text' || kind === 'text')
    return kind === 'text' || kind.startsWith('int') || kind === 'numeric'
      ? (bytes, start, length) => asciiUnits(bytes, start, length, 15, 0)
      : undefined;
  if (kind === 'int2')
    return (bytes, start) => (((bytes[start] as number) << 24) >> 16) | (bytes[start + 1] as number);
  if (kind === 'int4') return read32;
  if (kind !== 'int8') return undefined;
  return (bytes, start) => {
    const low = read32(bytes, start + 4);
    return read32(bytes, start) === low >> 31 ? low : misfit;
  };
}

function read32(bytes: Buffer, start: number): number {
  return (
    ((bytes[start] as number) << 24) |
    ((bytes[start + 1] as number) << 16) |
    ((bytes[start + 2] as number) << 8) |
    (bytes[start + 3] as number)
  );
}
