import { parseTimestamp } from '../timestamp.js';
import type { Wider } from './wider.js';

const time = /^(?<day>.+?)(?:[T ]+(?<hour>\d{1,2}):(?<rest>\d{2}(?::\d{2})?))?$/;
const yearFirst = /^(\d{4})([/.])(\d{1,2})\2(\d{1,2})$/;
const yearLast = /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})$/;
/** Years in which eight digits are a date, and no other order of them is one. */
const joined = /^(1[6-9]\d{2}|2[0-3]\d{2})(\d{2})(\d{2})$/;

/**
 * Reads `31.12.2024`, `2024/12/31`, `20241231`, and day and month around slashes or hyphens in whichever order is the
 * only possible one; each with a time of day behind it or not.
 *
 * @returns the date, and the time if there is one, as ISO text for `parseDate` and `parseTimestamp`
 */
export function widerDate(text: string): Wider<string> | undefined {
  const { day = '', hour, rest } = time.exec(text)?.groups ?? {};
  const found = dayOf(day);
  if (found === undefined) return undefined;
  const value = hour === undefined ? found.value : `${found.value} ${hour}:${rest}`;
  return parseTimestamp(value)?.kind === 'moment' ? { value, as: found.as } : undefined;
}

function dayOf(text: string): Wider<string> | undefined {
  const first = yearFirst.exec(text);
  if (first) return written(first[1], first[3], first[4], 'year, month, day');
  const digits = joined.exec(text);
  if (digits) return written(digits[1], digits[2], digits[3], 'year, month, day without marks between');
  const last = yearLast.exec(text);
  if (!last) return undefined;
  const [, one = '', mark, two = '', year] = last;
  // Dots are for days first; the others are used both ways.
  if (mark === '.' || Number(one) > 12 || Number(one) === Number(two))
    return written(year, two, one, 'day, month, year');
  return Number(two) > 12 ? written(year, one, two, 'month, day, year') : undefined;
}

function written(year = '', month = '', day = '', as: string): Wider<string> {
  return { value: `${year}-${month}-${day}`, as };
}
