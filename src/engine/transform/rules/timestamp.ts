import type { TimestampRule } from '../../../plan/model.js';
import type { SourceColumn } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { asciiTimestamp, outOfReach } from '../../values/ascii-timestamp.js';
import { timeZone, type TimeZone } from '../../values/time-zone.js';
import { inRange, parseTimestamp, type WrittenTime } from '../../values/timestamp.js';
import { widerDate } from '../../values/wider/date.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import type { Field } from '../field.js';
import { refusal, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import { widening } from '../widening.js';
import { zeroDateIsEmpty } from '../zero-date.js';

export function compileTimestamp(rule: TimestampRule, input: CompileInput): ColumnWriter {
  const { target, wanted, settings } = input;
  typeOfKind(input, rule.kind, 'timestamp');
  const zone = sourceZone(input);
  const from = alternatives(rule.from, input, { emptyIsMissing: true, canonical: canonicalTime });

  const widened = widening(input, widerDate);

  const write = (micros: bigint, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = micros;
    out.int64(micros);
  };
  const absent = absentWriter(
    input,
    rule,
    from,
    rule.default === undefined ? undefined : write.bind(null, settings.runStartMicros),
  );
  if (from.fields.length === 0) return writeAbsent(absent);
  const zeroIsNull = rule.required !== true && rule.default === undefined && target.nullable;

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const time = parseTimestamp(text) ?? readWidened(text, field, context);
    if (time?.kind === 'zero') {
      if (zeroDateIsEmpty(text, field, row, context, zeroIsNull)) absent(context, out, field.name);
      return;
    }
    const micros = time && inUtc(time, field.column, zone);
    if (micros === undefined) context.fault(field.name, 'is not a date and time');
    else write(micros, context, out);
  };

  function readWidened(text: string, field: Field, context: RowContext): WrittenTime | undefined {
    const iso = widened(text, field, context);
    return iso === undefined ? undefined : parseTimestamp(iso);
  }

  if (wanted) return slow;
  return withFastPaths(from, input, slow, (field) => fastTimestamp(field, zone, zeroIsNull, slow));
}

function sourceZone(input: CompileInput): TimeZone {
  try {
    return timeZone(input.settings.sourceTimeZone);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw refusal(
      input,
      `${input.settings.sourceTimeZone} is not a time zone (IANA name, such as Europe/Berlin)`,
    );
  }
}

/** A time without a zone in a column with time zone is UTC: that is how its server was asked to print it. */
function inUtc(time: WrittenTime, column: SourceColumn, zone: TimeZone): bigint | undefined {
  if (time.kind === 'zero') return undefined;
  if (time.kind === 'infinity' || time.zoned || zone.isUtc || column.kind === 'timestamptz')
    return time.micros;
  const utc = zone.toUtc(time.micros);
  return inRange(utc) ? utc : undefined;
}

function canonicalTime(text: string): string {
  const time = parseTimestamp(text);
  return time === undefined || time.kind === 'zero' ? text : String(time.micros);
}

/** Half a 64-bit integer. */
const half = 2 ** 32;
const perSecond = 1_000_000;

function fastTimestamp(
  { column, at }: Field,
  zone: TimeZone,
  nullIsNull: boolean,
  slow: ColumnWriter,
): ColumnWriter | undefined {
  const local = column.kind !== 'timestamptz' && !zone.isUtc;
  const written = column.encoding === 'text' || column.kind === 'text';
  if (column.kind !== 'timestamptz' && column.kind !== 'timestamp' && column.kind !== 'text')
    return undefined;
  if (!written && !local)
    return (row, context, out) => {
      const length = row.length[at] as number;
      if (length !== -1) out.copy(row.bytes, row.start[at] as number, 8);
      else if (nullIsNull) out.null();
      else slow(row, context, out);
    };
  const read = written ? asciiTimestamp : binaryTimestamp;
  return (row, context, out) => {
    const length = row.length[at] as number;
    if (length === -1 && nullIsNull) return out.null();
    let micros = length < 8 ? outOfReach : read(row.bytes, row.start[at] as number, length);
    if (micros === outOfReach) return slow(row, context, out);
    if (local) micros -= zone.offsetAtLocal(Math.floor(micros / perSecond)) * perSecond;
    const high = Math.floor(micros / half);
    out.halves(high, micros - high * half);
  };
}

/** Microseconds as a number where they are exact as one with room for an offset: the years 1715 to 2284. */
function binaryTimestamp(bytes: Buffer, start: number): number {
  const high = bytes.readInt32BE(start);
  return high > -2_000_000 && high < 2_000_000 ? high * half + bytes.readUInt32BE(start + 4) : outOfReach;
}
