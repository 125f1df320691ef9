import type { DateRule } from '../../../plan/model.js';
import type { RawRow } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { dateInfinity, dateMinusInfinity, parseDate } from '../../values/date.js';
import { microsPerDay, parseTimestamp } from '../../values/timestamp.js';
import { widerDate } from '../../values/wider/date.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import type { Field } from '../field.js';
import { typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import { widening } from '../widening.js';
import { zeroDateIsEmpty } from '../zero-date.js';

export function compileDate(rule: DateRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  typeOfKind(input, rule.kind, 'date');
  const from = alternatives(rule.from, input, { emptyIsMissing: true });
  const absent = absentWriter(input, rule, from);
  if (from.fields.length === 0) return writeAbsent(absent);
  const zeroIsNull = rule.required !== true && target.nullable;

  const widened = widening(input, widerDate);

  const write = (days: number, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = comparableDays(days);
    out.int32(days);
  };

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const days = readDay(text, field, row, context) ?? readWidened(text, field, row, context);
    if (days === undefined) return context.fault(field.name, 'is not a date');
    if (days !== 'zero') return write(days, context, out);
    if (zeroDateIsEmpty(text, field, row, context, zeroIsNull)) absent(context, out, field.name);
  };

  function readWidened(text: string, field: Field, row: RawRow, context: RowContext) {
    const iso = widened(text, field, context);
    return iso === undefined ? undefined : readDay(iso, field, row, context);
  }

  return withFastPaths(from, input, slow, ({ column, at }) => {
    if (column.kind !== 'date' || column.encoding !== 'pg-binary') return undefined;
    return (row, context, out) => {
      if (row.length[at] === -1) return slow(row, context, out);
      out.copy(row.bytes, row.start[at] as number, 4);
      if (wanted) context.values[target.name] = comparableDays(row.bytes.readInt32BE(row.start[at]));
    };
  });
}

function readDay(text: string, field: Field, row: RawRow, context: RowContext): number | 'zero' | undefined {
  return parseDate(text) ?? dayOfTime(text, field, row, context);
}

/** The day of a date and time; a time of day other than midnight cannot be held, so the original is kept. */
function dayOfTime(
  text: string,
  field: Field,
  row: RawRow,
  context: RowContext,
): number | 'zero' | undefined {
  const time = parseTimestamp(text);
  if (time === undefined || time.kind === 'zero') return time && 'zero';
  const ofDay = ((time.micros % microsPerDay) + microsPerDay) % microsPerDay;
  if (ofDay !== 0n) {
    context.warn(field.name, 'has a time of day, which a date cannot hold; the original is kept');
    field.keep(row, context);
  }
  return Number((time.micros - ofDay) / microsPerDay);
}

/** The infinities as JavaScript's, so that computed columns and checks need not know PostgreSQL's numbers for them. */
function comparableDays(days: number): number {
  if (days === dateInfinity) return Infinity;
  return days === dateMinusInfinity ? -Infinity : days;
}
