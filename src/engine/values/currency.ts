import { codes } from 'currency-codes';

/**
 * The active codes of ISO 4217. The package's list is of June 2024; the Caribbean guilder came into force after it
 * (2025-03-31).
 */
const active: ReadonlySet<string> = new Set([...codes(), 'XCG']);

/** The code in upper case, or undefined when it is unknown or withdrawn. */
export function currencyCode(text: string): string | undefined {
  const code = text.toUpperCase();
  return active.has(code) ? code : undefined;
}
