import type { Decimal } from './decimal.js';

/**
 * Exchange rates as configured: what one unit of the outer currency comes to in the inner one, as decimal text, e.g.
 * `{ EUR: { USD: '1.0842' } }`. Codes are those of ISO 4217 in upper case, rates positive.
 */
export type ExchangeRates = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The amount times the rate, exact, then rounded to `scale` digits behind the point, half away from zero. */
export function exchange(amount: Decimal, rate: Decimal, scale: number): Decimal {
  const product = digitsOf(amount) * digitsOf(rate);
  const excess = amount.fraction.length + rate.fraction.length - scale;
  const units = excess > 0 ? roundedQuotient(product, powerOfTen(excess)) : product * powerOfTen(-excess);
  const digits = units.toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  return {
    negative: amount.negative && units !== 0n,
    whole: digits.slice(0, point).replace(/^0+/, ''),
    fraction: digits.slice(point),
  };
}

function digitsOf({ whole, fraction }: Decimal): bigint {
  return BigInt(whole + fraction || '0');
}

/** Half goes up: the sign is put on afterwards, so that it goes away from zero. `divisor` is even. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor / 2n) / divisor;
}

function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}
