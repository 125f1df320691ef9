/**
 * JSON as PostgreSQL prints jsonb, byte for byte: keys by length then bytes, `{"a": 1, "b": [1, 2]}`, numbers as
 * numeric prints them. Sources: jsonb.c, jsonb_util.c and json.c in src/backend/utils/adt.
 */
import { JsonNumber, JsonObject, type JsonValue } from '../../plan/model.js';
import { JsonFault } from './json-parse.js';

/** Throws `JsonFault` when a number is beyond what numeric holds. */
export function jsonText(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return jsonString(value);
  if (value instanceof JsonNumber) return jsonNumber(value.text);
  if (value instanceof JsonObject) {
    const entries = [...value.entries].sort(([a], [b]) => compareKeys(a, b));
    return `{${entries.map(([key, item]) => `${jsonString(key)}: ${jsonText(item)}`).join(', ')}}`;
  }
  return `[${value.map(jsonText).join(', ')}]`;
}

/** The order of keys in jsonb: shorter (in bytes) first, then by bytes. */
export function compareKeys(a: string, b: string): number {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length - right.length || Buffer.compare(left, right);
}

// oxlint-disable-next-line no-control-regex -- those that JSON wants escaped
const special = /["\\\u0000-\u001f]/g;
const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

export function jsonString(text: string): string {
  return `"${text.replace(special, (c) => short[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** Limits of numeric: digits before and behind the point. */
const maxWhole = 131_072;
const maxFraction = 16_383;
const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A JSON number as `numeric` prints it: without exponent, zeros behind the point kept, no `-0`. */
function jsonNumber(text: string): string {
  const match = number.exec(text);
  if (match === null) throw new JsonFault('has a number that is none');
  let whole = match[2] as string;
  let fraction = match[3] ?? '';
  const exponent = Number(match[4] ?? 0);
  const scale = Math.max(0, fraction.length - exponent);
  const zero = !/[1-9]/.test(whole + fraction);
  const tooLarge = !zero && whole.replace(/^0/, '').length + exponent > maxWhole;
  if (tooLarge || scale > maxFraction || Math.abs(exponent) > 1_000_000)
    throw new JsonFault('has a number beyond what PostgreSQL can hold');
  if (zero) return scale > 0 ? `0.${'0'.repeat(scale)}` : '0';
  if (exponent > 0) {
    const moved = fraction.padEnd(exponent, '0');
    whole += moved.slice(0, exponent);
    fraction = moved.slice(exponent);
  } else if (exponent < 0) {
    const moved = whole.padStart(1 - exponent, '0');
    fraction = moved.slice(exponent) + fraction;
    whole = moved.slice(0, exponent);
  }
  const digits = whole.replace(/^0+(?=\d)/, '');
  return `${match[1]}${digits}${fraction && `.${fraction}`}`;
}
