import type { Random } from './random.js';

const firstYear = 2015;
const lastYear = 2024;

function daysOf(year: number): string[] {
  const leap = year % 4 === 0;
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return lengths.flatMap((length, month) =>
    Array.from({ length }, (_, day) => `${year}-${pad2(month + 1)}-${pad2(day + 1)}`),
  );
}

function pad2(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** Every day from 2015 to 2024 as YYYY-MM-DD. No clock and no time zone takes part. */
const days: readonly string[] = Array.from({ length: lastYear - firstYear + 1 }, (_, i) =>
  daysOf(firstYear + i),
).flat();

/** Number of days that `dayText` knows; the last one is left to rows that must come after all others. */
const dayCount = days.length - 1;

/** Later than every timestamp of a clean row. */
export const latest = '2024-12-31 23:59:59.999999';

/** The day with this number, as YYYY-MM-DD; numbers past the end give the last day but one. */
export function dayText(day: number): string {
  return days[Math.min(Math.max(day, 0), dayCount - 1)] ?? '2015-01-01';
}

/** A time on that day with microseconds, in UTC: `2019-03-31 01:30:00.000001`. */
export function momentOn(day: number, random: Random): string {
  const second = random.int(0, 86_399);
  const micro = String(random.int(0, 999_999)).padStart(6, '0');
  const hours = pad2(Math.floor(second / 3600));
  const minutes = pad2(Math.floor(second / 60) % 60);
  return `${dayText(day)} ${hours}:${minutes}:${pad2(second % 60)}.${micro}`;
}

/** When a row was made and last changed: two moments in order, and the number of the first one's day. */
export function lifeOf(random: Random): { day: number; createdAt: string; updatedAt: string } {
  const day = random.int(0, dayCount - 400);
  return { day, createdAt: momentOn(day, random), updatedAt: momentOn(day + random.int(1, 390), random) };
}
