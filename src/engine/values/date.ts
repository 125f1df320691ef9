/** PostgreSQL's date: whole days since 2000-01-01 in 32 bits; the ends of the range are the infinities. */
import { civilFromDays, civilText, daysFromCivil, daysInMonth, isBC } from './calendar.js';

export const dateInfinity = 2147483647;
export const dateMinusInfinity = -2147483648;
const firstDay = daysFromCivil(-4713, 11, 24);
const lastDay = daysFromCivil(5874897, 12, 31);

export function dateText(days: number): string {
  if (days === dateInfinity) return 'infinity';
  if (days === dateMinusInfinity) return '-infinity';
  const civil = civilFromDays(days);
  return isBC(civil) ? `${civilText(civil)} BC` : civilText(civil);
}

/**
 * Days of a civil date as written (`bc`: the year counts backwards). `zero` when a part is zero, as in MySQL's
 * 0000-00-00 and 2020-00-15; undefined when there is no such day.
 */
export function writtenDay(
  year: number,
  month: number,
  day: number,
  bc: boolean,
): number | 'zero' | undefined {
  if (year === 0 || month === 0 || day === 0) return 'zero';
  const astronomical = bc ? 1 - year : year;
  if (month > 12 || day > daysInMonth(astronomical, month)) return undefined;
  const days = daysFromCivil(astronomical, month, day);
  return days < firstDay || days > lastDay ? undefined : days;
}

const form = /^(\d{4,7})-(\d{1,2})-(\d{1,2})( BC)?$/i;

/** Reads a date without a time of day; `zero` as `writtenDay` has it, undefined for everything else. */
export function parseDate(text: string): number | 'zero' | undefined {
  const match = form.exec(text);
  if (match !== null)
    return writtenDay(Number(match[1]), Number(match[2]), Number(match[3]), match[4] !== undefined);
  const lower = text.toLowerCase();
  if (lower === 'infinity' || lower === '+infinity') return dateInfinity;
  return lower === '-infinity' ? dateMinusInfinity : undefined;
}
