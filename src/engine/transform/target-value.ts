/** Values of computed and constant columns: into the bytes of a target column, and from SQL text. */
import type { Value } from '../../plan/model.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import { parseBoolean } from '../values/boolean.js';
import { dateInfinity, dateMinusInfinity, parseDate } from '../values/date.js';
import { decimalMisfit, parseDecimal, unitsOf } from '../values/decimal.js';
import { integerLimits, parseInteger } from '../values/integer.js';
import { JsonFault, parseJson } from '../values/json-parse.js';
import { jsonText } from '../values/json-text.js';
import { writeNumeric } from '../values/pg-numeric.js';
import { codePoints } from '../values/text.js';
import { parseTimestamp } from '../values/timestamp.js';
import { isUuid, uuidBytes } from '../values/uuid.js';
import { writeInteger } from './rules/integer.js';
import { writeJson } from './rules/json.js';
import type { TargetType } from './target-type.js';

/** Reads SQL text as a value of the type, in the form of `Values`. Undefined when it is none or does not fit. */
export function valueFromText(text: string, type: TargetType): Exclude<Value, null> | undefined {
  switch (type.kind) {
    case 'text':
      return codePoints(text) <= type.max ? text : undefined;
    case 'uuid':
      return isUuid(text) ? text.toLowerCase() : undefined;
    case 'integer':
      return integerValue(text, type.size);
    case 'numeric':
      return numericValue(text, type);
    case 'boolean':
      return parseBoolean(text);
    case 'timestamp': {
      const time = parseTimestamp(text);
      return time === undefined || time.kind === 'zero' ? undefined : time.micros;
    }
    case 'date':
      return dateValue(text);
    case 'json':
      try {
        return jsonText(parseJson(text));
      } catch (error) {
        if (error instanceof JsonFault) return undefined;
        throw error;
      }
  }
}

function integerValue(text: string, size: 2 | 4 | 8): number | bigint | undefined {
  const value = parseInteger(text);
  const { min, max } = integerLimits[size];
  if (value === undefined || value < min || value > max) return undefined;
  return size === 8 ? value : Number(value);
}

function numericValue(
  text: string,
  { precision, scale }: Extract<TargetType, { kind: 'numeric' }>,
): number | bigint | undefined {
  const decimal = parseDecimal(text);
  if (decimal === undefined || scale === undefined || decimalMisfit(decimal, precision, scale) !== undefined)
    return undefined;
  return unitsOf(decimal, precision, scale);
}

function dateValue(text: string): number | undefined {
  const days = parseDate(text);
  if (days === 'zero' || days === undefined) return undefined;
  if (days === dateInfinity) return Infinity;
  return days === dateMinusInfinity ? -Infinity : days;
}

/**
 * Writes a value in the form of `Values` as a field of the type. Throws `TypeError` when the value is of another kind
 * than the column: that is a mistake of the plan, not of a row.
 */
export function writeValue(out: TupleWriter, value: Value, type: TargetType): void {
  if (value === null) return out.null();
  switch (type.kind) {
    case 'text':
      return out.text(expectType(value, 'string'));
    case 'uuid':
      return out.copy(uuidBytes(expectType(value, 'string')), 0, 16);
    case 'integer':
      return writeInteger(out, integerOf(value), type.size);
    case 'numeric':
      return writeUnitsAtScale(out, integerOf(value), type.scale ?? 0);
    case 'boolean':
      return out.bool(expectType(value, 'boolean'));
    case 'timestamp':
      return out.int64(integerOf(value));
    case 'date':
      return out.int32(daysOf(value));
    case 'json':
      return writeJson(out, expectType(value, 'string'), type.binary);
  }
}

function writeUnitsAtScale(out: TupleWriter, units: bigint, scale: number): void {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const whole = digits.slice(0, point).replace(/^0+/, '');
  writeNumeric(out, { negative: units < 0n, whole, fraction: digits.slice(point) }, scale);
}

function daysOf(value: Value): number {
  if (value === Infinity) return dateInfinity;
  return value === -Infinity ? dateMinusInfinity : Number(integerOf(value));
}

interface Primitives {
  string: string;
  boolean: boolean;
}

function expectType<T extends keyof Primitives>(value: Value, type: T): Primitives[T] {
  if (typeof value !== type)
    throw new TypeError(`a computed value is a ${typeof value} where a ${type} is needed`);
  return value as Primitives[T];
}

function integerOf(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new TypeError(`a computed value is a ${typeof value} where an integer is needed`);
  return BigInt(value);
}
