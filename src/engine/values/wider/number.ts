import { parseDecimal, type Decimal } from '../decimal.js';
import type { Wider } from './wider.js';

/** The whole digits with what separates their groups, and the fraction. */
interface Form {
  readonly form: RegExp;
  readonly as: string;
}

const forms: readonly Form[] = [
  // Two marks, or one mark twice, leave no doubt which of them is the point.
  {
    form: /^(?<whole>[1-9]\d{0,2}(?:\.\d{3})+),(?<fraction>\d+)$/,
    as: 'groups of digits with dots and a decimal comma',
  },
  { form: /^(?<whole>[1-9]\d{0,2}(?:,\d{3})+)\.(?<fraction>\d+)$/, as: 'groups of digits with commas' },
  { form: /^(?<whole>[1-9]\d{0,2}(?:\.\d{3}){2,})$/, as: 'groups of digits with dots' },
  { form: /^(?<whole>[1-9]\d{0,2}(?:,\d{3}){2,})$/, as: 'groups of digits with commas' },
  // A space as it is typed, or one that does not break; the same one between all groups.
  {
    form: /^(?<whole>[1-9]\d{0,2}(?<space>[ \u00a0\u202f])\d{3}(?:\k<space>\d{3})*)(?:[.,](?<fraction>\d+))?$/,
    as: 'groups of digits with spaces',
  },
  {
    form: /^(?<whole>[1-9]\d{0,2}(?<mark>['\u2019])\d{3}(?:\k<mark>\d{3})*)(?:[.,](?<fraction>\d+))?$/,
    as: 'groups of digits with apostrophes',
  },
  { form: /^(?<whole>\d+),(?<fraction>\d+)$/, as: 'a decimal comma' },
  { form: /^[.,](?<fraction>\d+)$/, as: 'a fraction without a zero before it' },
  { form: /^(?<whole>\d+)[.,]$/, as: 'a decimal mark without a fraction' },
  { form: /^(?<whole>\d+)(?:\.(?<fraction>\d+))?$/, as: 'a plain number' },
];

/** One mark before three digits: a decimal mark or a group's end. A group cannot begin with zero, so `0,125` is clear. */
const ambiguous = /^[1-9]\d{0,2}[.,]\d{3}$/;

/**
 * Reads numbers with groups of digits, a decimal comma, a plus sign, or nothing on one side of the point. `1.234` and
 * `1,234` could be two numbers each, so they are none, with or without a sign.
 */
export function widerNumber(text: string): Wider<Decimal> | undefined {
  const sign = /^[+-]?/.exec(text)?.[0] ?? '';
  const digits = text.slice(sign.length);
  if (ambiguous.test(digits)) return undefined;
  for (const { form, as } of forms) {
    const parts = form.exec(digits);
    if (parts === null) continue;
    const { whole = '', fraction = '' } = parts.groups ?? {};
    const plain = `${whole.replaceAll(/\D/g, '') || '0'}${fraction && `.${fraction}`}`;
    const value = parseDecimal(`${sign === '-' ? sign : ''}${plain}`);
    return value && { value, as };
  }
  return undefined;
}
