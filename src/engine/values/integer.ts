import { parseDecimal } from './decimal.js';

/** Reads an integer; zeros behind the point are allowed (`5.0` is 5), anything else is undefined. */
export function parseInteger(text: string): bigint | undefined {
  const decimal = parseDecimal(text);
  if (decimal === undefined || /[1-9]/.test(decimal.fraction)) return undefined;
  const value = BigInt(decimal.whole || '0');
  return decimal.negative ? -value : value;
}

/** Inclusive limits of PostgreSQL's integer types by their size in bytes. */
export const integerLimits = {
  2: { min: -(2n ** 15n), max: 2n ** 15n - 1n },
  4: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  8: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
} as const;
