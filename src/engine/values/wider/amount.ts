import { currencyCode } from '../currency.js';
import type { Decimal } from '../decimal.js';
import { widerNumber } from './number.js';
import type { Wider } from './wider.js';

/** Codes of ISO 4217 that a sign may stand for. */
const signs: Readonly<Record<string, readonly string[]>> = {
  $: ['USD', 'AUD', 'CAD', 'HKD', 'MXN', 'NZD', 'SGD', 'TWD'],
  '€': ['EUR'],
  '£': ['GBP'],
  '¥': ['JPY', 'CNY'],
  '₹': ['INR'],
};

export interface Amount {
  readonly number: Decimal;
  /** the currencies that the sign or code beside the number may mean; undefined where there is none */
  readonly currencies: readonly string[] | undefined;
}

const form =
  /^(?<minus>-?)\s*(?:(?<before>[$€£¥₹]|[a-z]{3})\s*)?(?<number>[-+\d.,].*?)(?:\s*(?<after>[$€£¥₹]|[a-z]{3}))?$/iu;

/** Reads a number as `widerNumber` does, also with a currency's sign or code on one side of it. */
export function widerAmount(text: string): Wider<Amount> | undefined {
  const { minus = '', before, number = '', after } = form.exec(text)?.groups ?? {};
  const wider = widerNumber(`${minus}${number}`);
  if (wider === undefined || (before !== undefined && after !== undefined)) return undefined;
  const mark = before ?? after;
  if (mark === undefined) return { value: { number: wider.value, currencies: undefined }, as: wider.as };
  const code = currencyCode(mark);
  const currencies = signs[mark] ?? (code === undefined ? undefined : [code]);
  return currencies && { value: { number: wider.value, currencies }, as: `${wider.as}, and a currency` };
}
