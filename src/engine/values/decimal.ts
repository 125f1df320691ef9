/** An exact decimal: `whole` without leading zeros (empty for zero), `fraction` as it was written. */
export interface Decimal {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

const form = /^(-?)0*(\d*)(?:\.(\d+))?$/;

/** Reads `[-]digits[.digits]`, padded with zeros or not; everything else (`1e3`, `.5`, `5.`, `+5`) is undefined. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const first = text.charCodeAt(match[1] === '-' ? 1 : 0);
  if (!(first >= 0x30 && first <= 0x39)) return undefined;
  const whole = match[2] as string;
  const fraction = match[3] ?? '';
  const zero = whole === '' && !/[1-9]/.test(fraction);
  return { negative: match[1] === '-' && !zero, whole, fraction };
}

/** The shortest text of the value: no leading zeros, no zeros behind the last digit of the fraction, no `-0`. */
export function canonicalDecimal(decimal: Decimal): string {
  const fraction = withoutTrailingZeros(decimal.fraction);
  return `${decimal.negative ? '-' : ''}${decimal.whole || '0'}${fraction && `.${fraction}`}`;
}

/** Why the value does not fit numeric(precision, scale) without rounding, or undefined. */
export function decimalMisfit(decimal: Decimal, precision: number, scale: number): string | undefined {
  if (withoutTrailingZeros(decimal.fraction).length > scale)
    return `has more than ${scale} digits behind the point`;
  if (decimal.whole.length > precision - scale)
    return `has more than ${precision - scale} digits before the point`;
  return undefined;
}

/** Largest precision whose units are exact as a number. */
export const safePrecision = 15;

/** The value in units of 10^-scale: a number up to 15 digits of precision, else a bigint. The value must fit. */
export function unitsOf(decimal: Decimal, precision: number, scale: number): number | bigint {
  const digits = decimal.whole + decimal.fraction.slice(0, scale).padEnd(scale, '0');
  if (precision <= safePrecision) return decimal.negative ? -Number(digits) : Number(digits);
  return decimal.negative ? -BigInt(digits) : BigInt(digits);
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}
