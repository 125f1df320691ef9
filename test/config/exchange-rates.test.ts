import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { leastEnvironment } from './example.js';

async function withRates(text: string): Promise<{ file: string; load: () => ReturnType<typeof loadConfig> }> {
  const file = path.join(await temporaryFolder(), 'rates.json');
  await writeFile(file, text);
  return { file, load: () => loadConfig({ ...leastEnvironment, MIGRATION_EXCHANGE_RATES: file }) };
}

async function problemsOf(text: string): Promise<readonly string[]> {
  const { file, load } = await withRates(text);
  try {
    load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(`MIGRATION_EXCHANGE_RATES is "${file}": `, ''));
  }
  throw new Error(`${text} was accepted`);
}

test('rates are taken over digit by digit, and cannot be changed', async () => {
  const { load } = await withRates('{"EUR": {"USD": "1.0842", "JPY": "162.500"}, "GBP": {"USD": "1.27"}}');
  const { exchangeRates } = load().reading;
  expect(exchangeRates).toEqual({ EUR: { USD: '1.0842', JPY: '162.500' }, GBP: { USD: '1.27' } });
  expect(Object.isFrozen(exchangeRates) && Object.isFrozen(exchangeRates?.['EUR'])).toBe(true);
});

test('every problem has a line of its own', async () => {
  const text = `{
    "eur": {"USD": "1.1"}, "EUR": {"XXQ": "2", "USD": 1.0842, "JPY": "0.00", "GBP": "-1", "CHF": "1e3", "SEK": null},
    "CAD": {}, "DEM": "0.5"
  }`;
  expect((await problemsOf(text)).toSorted()).toEqual(
    [
      '"eur" must be an active currency code of ISO 4217 in upper case.',
      '"XXQ" must be an active currency code of ISO 4217 in upper case.',
      '"DEM" must be an active currency code of ISO 4217 in upper case.',
      'the rate from EUR to USD is a number; write it as text, like "1.0842".',
      ...['JPY', 'GBP', 'CHF', 'SEK'].map(
        (to) => `the rate from EUR to ${to} must be a positive decimal number as text, like "1.0842".`,
      ),
      'CAD must hold rates by currency, like {"EUR": {"USD": "1.0842"}}.',
      'DEM must hold rates by currency, like {"EUR": {"USD": "1.0842"}}.',
    ].toSorted(),
  );
});

test.each([
  ['{}', 'the file must hold rates by currency, like {"EUR": {"USD": "1.0842"}}.'],
  ['[]', 'the file must hold rates by currency, like {"EUR": {"USD": "1.0842"}}.'],
  ['{"EUR": {"USD": "1", "USD": "2"}}', 'the file has the same key twice in one object'],
  ['EUR', 'the file is not JSON'],
])('a file with %s is refused', async (text, problem) => {
  const problems = await problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
});

test('a file that is not there is said', () => {
  expect(() => loadConfig({ ...leastEnvironment, MIGRATION_EXCHANGE_RATES: '/nowhere/rates.json' })).toThrow(
    'MIGRATION_EXCHANGE_RATES is "/nowhere/rates.json": the file cannot be read (ENOENT)',
  );
});
