import { JsonNumber, JsonObject, type JsonValue } from '../model.js';

const names: Readonly<Record<string, 'minQty' | 'price' | 'discount'>> = {
  minQty: 'minQty',
  min_qty: 'minQty',
  min_quantity: 'minQty',
  price: 'price',
  discount: 'discount',
};

/**
 * Tier prices as NXT NEW DAY has them: an array of `{minQty, price, discount}` ordered by minQty, tiers of the same
 * minQty in their old order. Number texts become numbers, digit by digit; a discount may be missing. Throws with the
 * reason when the document has another shape.
 */
export function reshapeTiers(document: JsonValue): JsonValue {
  if (!Array.isArray(document)) throw new Error('tier prices are not an array');
  const tiers = document.map((tier, index) => reshapeTier(tier, `tier ${index + 1}`));
  return tiers
    .sort((one, other) => compareNumbers(one.minQty.text, other.minQty.text))
    .map(({ tier }) => tier);
}

function reshapeTier(tier: JsonValue, where: string): { minQty: JsonNumber; tier: JsonObject } {
  if (!(tier instanceof JsonObject)) throw new Error(`${where} is not an object`);
  const found: { minQty?: JsonNumber; price?: JsonNumber; discount?: JsonNumber } = {};
  for (const [key, value] of tier.entries) {
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (!name) throw new Error(`${where} has a key that is none of ${Object.keys(names).join(', ')}`);
    if (found[name]) throw new Error(`${where} has its ${name} twice`);
    if (value !== null) found[name] = toNumber(value, `the ${name} of ${where}`);
  }
  const { minQty, price, discount } = found;
  if (!minQty || !price) throw new Error(`${where} has no ${minQty ? 'price' : 'minQty'}`);
  const entries: [string, JsonValue][] = [
    ['minQty', minQty],
    ['price', price],
  ];
  if (discount) entries.push(['discount', discount]);
  return { minQty, tier: new JsonObject(entries) };
}

function toNumber(value: JsonValue, what: string): JsonNumber {
  if (value instanceof JsonNumber) return value;
  const text = typeof value === 'string' ? value.trim() : '';
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Error(`${what} is not a number`);
  return new JsonNumber(text.replace(/^(-?)0+(?=\d)/, '$1'));
}

/** Compares two JSON numbers by value without rounding; negative, zero or positive as `sort` wants it. */
function compareNumbers(one: string, other: string): number {
  const [a, b] = [scientific(one), scientific(other)];
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -a.sign : a.sign;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -a.sign : a.sign;
}

/** The number as sign × 0.digits × 10^exponent, where digits begin and end with another digit than 0. */
function scientific(text: string): { sign: -1 | 0 | 1; digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  const significant = all.replace(/^0+/, '');
  if (significant === '') return { sign: 0, digits: '', exponent: 0 };
  const leadingZeros = all.length - significant.length;
  return {
    sign: mantissa.startsWith('-') ? -1 : 1,
    digits: significant.replace(/0+$/, ''),
    exponent: whole.length - leadingZeros + Number(power),
  };
}
