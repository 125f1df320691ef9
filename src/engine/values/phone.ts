import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';

/**
 * E.164 of a number that says its country itself (`+` or `00` in front) or by the default country, and that is
 * possible and has no extension; undefined for every other: it stays as it is.
 */
export function internationalPhone(
  text: string,
  defaultCountry: CountryCode | undefined,
): string | undefined {
  const dialled = text.startsWith('00') ? `+${text.slice(2)}` : text;
  if (!dialled.startsWith('+') && defaultCountry === undefined) return undefined;
  const number = parsePhoneNumberFromString(dialled, {
    extract: false,
    ...(defaultCountry !== undefined && { defaultCountry }),
  });
  if (number === undefined || number.ext !== undefined || !number.isPossible()) return undefined;
  return number.number;
}

/** The country as the phone rules know it; undefined when they do not. */
export function phoneCountry(code: string): CountryCode | undefined {
  const upper = code.toUpperCase();
  return isSupportedCountry(upper) ? upper : undefined;
}
