import { daysFromCivil, daysInMonth } from './calendar.js';

/** The text has to be looked at: another form, a zone, no such day, or too far from 2000 for a number. */
export const outOfReach = Number.MAX_SAFE_INTEGER;

/**
 * Microseconds since 2000-01-01 of `YYYY-MM-DD HH:MM:SS[.f…]` with up to six digits behind the second, the form in
 * which servers print times, for the years 1716 to 2283; `outOfReach` for everything else.
 */
export function asciiTimestamp(bytes: Buffer, start: number, length: number): number {
  if (length < 19 || length > 26 || length === 20) return outOfReach;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return outOfReach;
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return outOfReach;
  const between = bytes[start + 10];
  if (between !== 0x20 && between !== 0x54) return outOfReach;
  const year = pair(bytes, start) * 100 + pair(bytes, start + 2);
  const month = pair(bytes, start + 5);
  const day = pair(bytes, start + 8);
  const hour = pair(bytes, start + 11);
  const minute = pair(bytes, start + 14);
  const second = pair(bytes, start + 17);
  // Whatever is no digit makes its pair NaN, and NaN fails here.
  if (!(
    year >= 1716 &&
    year <= 2283 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(year, month)
  ))
    return outOfReach;
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59))
    return outOfReach;
  let micros = 0;
  if (length > 19) {
    if (bytes[start + 19] !== 0x2e) return outOfReach;
    for (let i = 20; i < 26; i++) {
      const digit = i < length ? (bytes[start + i] as number) - 0x30 : 0;
      if (digit < 0 || digit > 9) return outOfReach;
      micros = micros * 10 + digit;
    }
  }
  return (
    ((daysFromCivil(year, month, day) * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros
  );
}

function pair(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
