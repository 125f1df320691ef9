import type { RawRow } from '../row.js';
import { currencyCode } from '../values/currency.js';
import { alternatives } from './alternatives.js';
import { RowContext, type CompileInput } from './types.js';

/**
 * Makes the reader of the currency that a row names for its amounts: a code, or null where it names none that is known.
 * Undefined for legacy tables whose rows have no currency of their own.
 */
export function currencyBeside(input: CompileInput): ((row: RawRow) => string | null) | undefined {
  const { currency } = input;
  if (currency === undefined) return undefined;
  const from = alternatives(currency.from, input, { emptyIsMissing: true });
  // The rule of the currency tells what is wrong with it.
  const aside = new RowContext();
  return (row) => {
    aside.reset();
    const picked = from.fields.length === 0 ? { text: null } : from.pick(row, aside);
    return currencyCode(picked?.text ?? currency.default ?? '') ?? null;
  };
}
