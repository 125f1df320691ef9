/**
 * PostgreSQL's binary numeric: four 16-bit words (count of digits, weight, sign, display scale), then digits in base
 * 10000, the first one counting 10000^weight. Source: numeric_send in src/backend/utils/adt/numeric.c.
 */
import type { TupleWriter } from '../target/tuple-writer.js';
import type { Decimal } from './decimal.js';

const negativeSign = 0x4000;
const nan = 0xc000;
const plusInfinity = 0xd000;
const minusInfinity = 0xf000;

/** What `numeric::text` prints, with its display scale, for the bytes at `start`. */
export function numericText(bytes: Buffer, start: number): string {
  const sign = bytes.readUInt16BE(start + 4);
  if (sign === nan) return 'NaN';
  if (sign === plusInfinity) return 'Infinity';
  if (sign === minusInfinity) return '-Infinity';
  const count = bytes.readUInt16BE(start);
  const weight = bytes.readInt16BE(start + 2);
  const scale = bytes.readUInt16BE(start + 6);
  const group = (exponent: number): string => {
    const index = weight - exponent;
    return index < 0 || index >= count
      ? '0000'
      : String(bytes.readUInt16BE(start + 8 + 2 * index)).padStart(4, '0');
  };
  let whole = '';
  for (let exponent = weight; exponent >= 0; exponent--) whole += group(exponent);
  let fraction = '';
  for (let exponent = -1; fraction.length < scale; exponent--) fraction += group(exponent);
  const digits = whole.replace(/^0+/, '') || '0';
  return `${sign === negativeSign ? '-' : ''}${digits}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
}

/** Writes what `numericText` gives; false, and nothing written, where that is no number. */
export function writeNumericText(out: TupleWriter, from: Buffer, start: number): boolean {
  const sign = (from[start + 4] as number) << 8;
  if (sign >= nan) return false;
  const count = get16(from, start);
  const weight = (get16(from, start + 2) << 16) >> 16;
  const scale = get16(from, start + 6);
  const first = start + 8;
  out.reserve(2 + 4 * Math.max(1, weight + 1) + scale + 4);
  const { bytes } = out;
  let at = out.position;
  if (sign === negativeSign) bytes[at++] = 0x2d;
  if (weight < 0) bytes[at++] = 0x30;
  for (let index = 0; index <= weight; index++) {
    const group = index < count ? get16(from, first + 2 * index) : 0;
    if (index > 0 || group >= 1000) bytes[at++] = 0x30 + Math.trunc(group / 1000);
    if (index > 0 || group >= 100) bytes[at++] = 0x30 + (Math.trunc(group / 100) % 10);
    if (index > 0 || group >= 10) bytes[at++] = 0x30 + (Math.trunc(group / 10) % 10);
    bytes[at++] = 0x30 + (group % 10);
  }
  if (scale > 0) {
    bytes[at++] = 0x2e;
    for (let digit = 0; digit < scale; digit += 4) {
      const index = weight + 1 + (digit >> 2);
      const group = index < 0 || index >= count ? 0 : get16(from, first + 2 * index);
      bytes[at] = 0x30 + Math.trunc(group / 1000);
      bytes[at + 1] = 0x30 + (Math.trunc(group / 100) % 10);
      bytes[at + 2] = 0x30 + (Math.trunc(group / 10) % 10);
      bytes[at + 3] = 0x30 + (group % 10);
      at += Math.min(4, scale - digit);
    }
  }
  out.position = at;
  return true;
}

/** Writes a field of type numeric with the given display scale. The value must fit it. */
export function writeNumeric(out: TupleWriter, decimal: Decimal, scale: number): void {
  const padded = Math.ceil(decimal.whole.length / 4) * 4;
  const digits = decimal.whole.padStart(padded, '0') + decimal.fraction.slice(0, scale);
  const groups: number[] = [];
  for (let at = 0; at < digits.length; at += 4) groups.push(Number(digits.slice(at, at + 4).padEnd(4, '0')));
  let first = 0;
  while (first < groups.length && groups[first] === 0) first++;
  let last = groups.length;
  while (last > first && groups[last - 1] === 0) last--;
  const mark = out.beginField();
  out.reserve(8 + 2 * (last - first));
  const { bytes } = out;
  let at = bytes.writeUInt16BE(last - first, out.position);
  at = bytes.writeInt16BE(last === first ? 0 : padded / 4 - 1 - first, at);
  at = bytes.writeUInt16BE(decimal.negative ? negativeSign : 0, at);
  at = bytes.writeUInt16BE(scale, at);
  for (let i = first; i < last; i++) at = bytes.writeUInt16BE(groups[i] as number, at);
  out.position = at;
  out.endField(mark);
}

const powersOfTen = Array.from({ length: 16 }, (_, power) => 10 ** power);

/** The greatest scale that `writeUnits` takes: beyond, its groups would not be exact as numbers. */
export const maxUnitsScale = 12;

/** Writes units of 10^-scale (at most 15 digits, scale at most `maxUnitsScale`) as numeric, without allocating. */
export function writeUnits(out: TupleWriter, units: number, scale: number): void {
  out.reserve(4 + 8 + 20);
  const { bytes } = out;
  const mark = out.position;
  const one = powersOfTen[scale] as number;
  let rest = units < 0 ? -units : units;
  let whole = Math.floor(rest / one);
  rest -= whole * one;
  const fractionGroups = (scale + 3) >> 2;
  rest *= powersOfTen[fractionGroups * 4 - scale] as number;
  let wholeGroups = 0;
  for (let left = whole; left > 0; left = Math.floor(left / 10000)) wholeGroups++;
  const head = mark + 4;
  let end = head + 8 + 2 * wholeGroups;
  for (let at = end - 2; whole > 0; at -= 2) {
    const next = Math.floor(whole / 10000);
    put16(bytes, at, whole - next * 10000);
    whole = next;
  }
  for (let i = fractionGroups - 1, at = end + 2 * i; i >= 0; i--, at -= 2) {
    const next = Math.floor(rest / 10000);
    put16(bytes, at, rest - next * 10000);
    rest = next;
  }
  end += 2 * fractionGroups;
  let start = head + 8;
  while (end > start && bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 2;
  let weight = wholeGroups - 1;
  let leading = start;
  while (leading < end && bytes[leading] === 0 && bytes[leading + 1] === 0) {
    leading += 2;
    weight--;
  }
  if (leading > start) {
    bytes.copyWithin(start, leading, end);
    end -= leading - start;
  }
  start = head;
  put16(bytes, start, (end - head - 8) >> 1);
  put16(bytes, start + 2, end === head + 8 ? 0 : weight);
  put16(bytes, start + 4, units < 0 ? negativeSign : 0);
  put16(bytes, start + 6, scale);
  out.position = end;
  out.endField(mark);
}

/** Units of a value that `recode` cannot give: it does not fit, or is no number. */
export const misfit = Number.MIN_SAFE_INTEGER;

/**
 * The units of 10^-scale of a binary numeric that fits numeric(precision, scale), precision at most 15; else `misfit`.
 * Nothing is rounded: digits behind the scale must be zero.
 */
export function numericUnits(bytes: Buffer, start: number, precision: number, scale: number): number {
  const count = get16(bytes, start);
  const weight = (get16(bytes, start + 2) << 16) >> 16;
  const sign = get16(bytes, start + 4);
  if (sign !== 0 && sign !== negativeSign) return misfit;
  if (count > 6 || weight > 3) return misfit;
  let units = 0;
  for (let i = 0, exponent = 4 * weight + scale; i < count; i++, exponent -= 4) {
    const digit = get16(bytes, start + 8 + 2 * i);
    if (exponent >= 0) units += digit * (powersOfTen[exponent] ?? Infinity);
    else {
      const divisor = powersOfTen[-exponent] ?? Infinity;
      if (digit % divisor !== 0) return misfit;
      if (divisor <= 10000) units += digit / divisor;
    }
  }
  if (units >= (powersOfTen[precision] as number)) return misfit;
  return sign === 0 || units === 0 ? units : -units;
}

/**
 * Copies a binary numeric that is known to fit with another display scale: its digits are the same whatever the scale.
 */
export function copyNumeric(
  bytes: Buffer,
  start: number,
  length: number,
  scale: number,
  out: TupleWriter,
): void {
  out.copy(bytes, start, length);
  put16(out.bytes, out.position - length + 6, scale);
}

function get16(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function put16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}
