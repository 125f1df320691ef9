import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { currencyCode } from '../engine/values/currency.js';
import { parseDecimal } from '../engine/values/decimal.js';
import type { ExchangeRates } from '../engine/values/exchange.js';
import { JsonFault, parseJson } from '../engine/values/json-parse.js';
import { JsonNumber, JsonObject, type JsonValue } from '../plan/model.js';

/** The path of a JSON file with exchange rates; the value is what stands in it, once it has no problem. */
export function exchangeRates() {
  return z.string().transform((path, context): ExchangeRates => {
    const { rates, problems } = readExchangeRates(resolve(path));
    for (const message of problems) context.addIssue({ code: 'custom', message });
    return problems.length === 0 ? rates : z.NEVER;
  });
}

/**
 * Reads rates of the form `{ "EUR": { "USD": "1.0842" } }`: one EUR comes to 1.0842 USD. Rates are text, so that no
 * program on their way rounds them. Each problem goes on from "NAME is VALUE: ".
 */
function readExchangeRates(path: string): { rates: ExchangeRates; problems: readonly string[] } {
  let document: JsonValue;
  try {
    document = parseJson(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof JsonFault) return { rates: {}, problems: [`the file ${error.message}`] };
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return {
      rates: {},
      problems: [`the file cannot be read (${code}): check its path, its type and its permissions`],
    };
  }
  const problems: string[] = [];
  const rates = Object.fromEntries(
    currenciesOf(document, 'the file', problems).map(([from, row]) => [
      from,
      Object.fromEntries(
        currenciesOf(row, from, problems).map(([to, rate]) => [
          to,
          checkedRate(rate, `the rate from ${from} to ${to}`, problems),
        ]),
      ),
    ]),
  );
  return { rates, problems };
}

/** The members of an object whose keys are currencies. */
function currenciesOf(value: JsonValue, where: string, problems: string[]): [string, JsonValue][] {
  if (!(value instanceof JsonObject) || value.entries.length === 0) {
    problems.push(`${where} must hold rates by currency, like {"EUR": {"USD": "1.0842"}}`);
    return [];
  }
  for (const [code] of value.entries)
    if (currencyCode(code) !== code)
      problems.push(`"${code}" must be an active currency code of ISO 4217 in upper case`);
  return value.entries;
}

function checkedRate(rate: JsonValue, what: string, problems: string[]): string {
  const text = typeof rate === 'string' ? rate : '';
  if (rate instanceof JsonNumber) problems.push(`${what} is a number; write it as text, like "1.0842"`);
  else if (parseDecimal(text) === undefined || !/^[0-9.]*[1-9]/.test(text))
    problems.push(`${what} must be a positive decimal number as text, like "1.0842"`);
  return text;
}
