/**
 * PostgreSQL's timestamps: microseconds since 2000-01-01 in 64 bits, exact; the ends of the range are the infinities.
 */
import { civilFromDays, civilText, isBC, two } from './calendar.js';
import { writtenDay } from './date.js';

const timestampInfinity = 2n ** 63n - 1n;
const timestampMinusInfinity = -(2n ** 63n);
export const microsPerDay = 86_400_000_000n;
const first = -211_813_488_000_000_000n;
const end = 9_223_371_331_200_000_000n;

/**
 * What a text says: a moment, with the offset in seconds east of Greenwich if the text has one (`micros` is then UTC),
 * an infinity, or a zero date as MySQL writes it (0000-00-00, 2020-00-15), which is no moment.
 */
export type WrittenTime =
  | { readonly kind: 'moment'; readonly micros: bigint; readonly zoned: boolean }
  | { readonly kind: 'infinity'; readonly micros: bigint }
  | { readonly kind: 'zero' };

const form =
  /^(\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?)? ?(Z|UTC|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?( BC)?$/i;

/**
 * Reads ISO-like text: a date, or a date and a time of day with up to six digits behind the second, an optional zone
 * and BC. Undefined for everything else: impossible days and times, and fractions that would have to be rounded.
 */
export function parseTimestamp(text: string): WrittenTime | undefined {
  const match = form.exec(text);
  if (match === null) return parseInfinity(text);
  const day = writtenDay(Number(match[1]), Number(match[2]), Number(match[3]), match[9] !== undefined);
  if (day === 'zero') return { kind: 'zero' };
  const hour = Number(match[4] ?? 0);
  const minute = Number(match[5] ?? 0);
  const second = Number(match[6] ?? 0);
  if (day === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = Number((match[7] ?? '').padEnd(6, '0'));
  const offset = match[8] === undefined ? 0 : offsetSeconds(match[8]);
  if (offset === undefined) return undefined;
  const seconds = hour * 3600 + minute * 60 + second - offset;
  const micros = BigInt(day) * microsPerDay + BigInt(seconds) * 1_000_000n + BigInt(fraction);
  return inRange(micros) ? { kind: 'moment', micros, zoned: match[8] !== undefined } : undefined;
}

export function inRange(micros: bigint): boolean {
  return micros >= first && micros < end;
}

/**
 * The text of a timestamp: with `between` between date and time and `zone` behind the time; fractions without trailing
 * zeros, as PostgreSQL prints them.
 */
export function timestampText(micros: bigint, between: ' ' | 'T', zone: '' | '+00' | 'Z'): string {
  if (micros === timestampInfinity) return 'infinity';
  if (micros === timestampMinusInfinity) return '-infinity';
  const ofDay = Number(((micros % microsPerDay) + microsPerDay) % microsPerDay);
  const civil = civilFromDays(Number((micros - BigInt(ofDay)) / microsPerDay));
  const seconds = Math.floor(ofDay / 1_000_000);
  const fraction = String(ofDay % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${civilText(civil)}${between}${time}${fraction && `.${fraction}`}${zone}${isBC(civil) ? ' BC' : ''}`;
}

function parseInfinity(text: string): WrittenTime | undefined {
  const lower = text.toLowerCase();
  if (lower === 'infinity' || lower === '+infinity') return { kind: 'infinity', micros: timestampInfinity };
  return lower === '-infinity' ? { kind: 'infinity', micros: timestampMinusInfinity } : undefined;
}

/** `+HH`, `+HHMM`, `+HH:MM`, `+HH:MM:SS` in seconds; PostgreSQL's limit is just under 16 hours. */
function offsetSeconds(zone: string): number | undefined {
  if (/^[a-z]/i.test(zone)) return 0;
  const digits = zone.replaceAll(':', '').slice(1);
  const minutes = Number(digits.slice(2, 4));
  const seconds = Number(digits.slice(4, 6));
  const offset = Number(digits.slice(0, 2)) * 3600 + minutes * 60 + seconds;
  if (minutes > 59 || seconds > 59 || offset >= 16 * 3600) return undefined;
  return zone.startsWith('-') ? -offset : offset;
}
