/** Numbers read straight from ASCII digits on the wire, without making a string. */
import { misfit } from './pg-numeric.js';

const tooLarge = 1e15;
/** Looked up: `**` calls out of compiled code. */
const powersOfTen = Float64Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Units of 10^-scale of `[-]digits[.digits]` that fits numeric(precision, scale), precision at most 15; `misfit` for
 * everything else, white space included.
 */
export function asciiUnits(
  bytes: Buffer,
  start: number,
  length: number,
  precision: number,
  scale: number,
): number {
  const end = start + length;
  let at = start;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  let units = 0;
  const firstDigit = at;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    units = units * 10 + digit;
    if (units >= tooLarge) return misfit;
  }
  if (at === firstDigit) return misfit;
  let places = 0;
  if (at < end) {
    if (bytes[at++] !== 0x2e || at === end) return misfit;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) return misfit;
      if (places === scale) {
        if (digit !== 0) return misfit;
      } else {
        units = units * 10 + digit;
        places++;
      }
    }
  }
  units *= powersOfTen[scale - places] as number;
  if (units >= (powersOfTen[precision] as number)) return misfit;
  return negative && units !== 0 ? -units : units;
}
