/**
 * Local times of an IANA zone to UTC, with PostgreSQL's answer to AT TIME ZONE where a change of the clocks repeats or
 * skips them. Source of the rule: DetermineTimeZoneOffsetInternal in src/backend/utils/adt/datetime.c. The zone's
 * history is the one of the JavaScript engine (Intl), found by probing and kept by year.
 */
const day = 86_400;
/** 2000-01-01 in Unix seconds. */
const epoch = 946_684_800;
/** No zone changed its clocks before; before it the offset is the first local mean time. */
const firstYear = 1800;
/** After it only the yearly rules are left, and they repeat with the calendar. */
const lastYear = 2100;
/** 400 years */
const cycle = 146_097 * day;

/** A change of the clocks: at `at` (Unix seconds) the offset goes from `before` to `after` (seconds east). */
interface Transition {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

export interface TimeZone {
  readonly isUtc: boolean;
  /** seconds east of Greenwich at a local time in whole seconds since 2000-01-01 */
  offsetAtLocal(localSeconds: number): number;
  /** microseconds since 2000-01-01 of a local time and in UTC; not for infinities */
  toUtc(local: bigint): bigint;
}

/** Throws `RangeError` when the zone is unknown. */
export function timeZone(name: string): TimeZone {
  if (/^[+-]/.test(name)) throw new RangeError(`${name} is an offset, not the name of a time zone`);
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const isUtc = /^(?:etc\/)?(?:utc|gmt|uct|zulu|universal|greenwich|gmt[+-]?0)$/i.test(name);
  const years = new Map<number, readonly Transition[]>();
  /** local seconds since 2000 from `low` to under `high` all have `offset`: far from any change on both sides */
  const last = { low: 0, high: 0, offset: 0 };

  function offsetAt(unixSeconds: number): number {
    const [month, date, year, hour, minute, second] = (
      clock.format(unixSeconds * 1000).match(/\d+/g) ?? []
    ).map(Number);
    return Date.UTC(year as number, (month as number) - 1, date, hour, minute, second) / 1000 - unixSeconds;
  }

  function transitionsOf(year: number): readonly Transition[] {
    const known = years.get(year);
    if (known !== undefined) return known;
    const found: Transition[] = [];
    const end = Date.UTC(year + 1, 0, 1) / 1000;
    let from = Date.UTC(year, 0, 1) / 1000;
    let before = offsetAt(from);
    for (; from < end; from += day) {
      const after = offsetAt(from + day);
      if (after !== before) found.push({ at: changeBetween(from, from + day, before), before, after });
      before = after;
    }
    years.set(year, found);
    return found;
  }

  /** The first second in (low, high] whose offset is not `before`. */
  function changeBetween(low: number, high: number, before: number): number {
    let [same, changed] = [low, high];
    while (changed - same > 1) {
      const middle = Math.floor((same + changed) / 2);
      if (offsetAt(middle) === before) same = middle;
      else changed = middle;
    }
    return changed;
  }

  function offsetAtLocal(localSeconds: number): number {
    if (localSeconds >= last.low && localSeconds < last.high) return last.offset;
    const unix = localSeconds + epoch;
    const beginning = Date.UTC(firstYear, 0, 3) / 1000;
    const ending = Date.UTC(lastYear, 0, 1) / 1000;
    if (unix < beginning) return remember(-Infinity, beginning - epoch, offsetAt(beginning));
    const local = unix < ending ? unix : ending + ((unix - ending) % cycle);
    const year = new Date(local * 1000).getUTCFullYear();
    const near = [year - 1, year, year + 1].flatMap((y) => transitionsOf(y));
    const next = near.find(({ at }) => at > local - day);
    const offset = next === undefined ? offsetAt(local - day) : choose(local, next);
    const clear = near.filter(({ at }) => Math.abs(at - local) > 2 * day);
    if (clear.length === near.length) {
      const low = Math.max(
        Date.UTC(year, 0, 1) / 1000,
        ...near.filter(({ at }) => at < local).map(({ at }) => at + 2 * day),
      );
      const high = Math.min(
        Date.UTC(year + 1, 0, 1) / 1000,
        ...near.filter(({ at }) => at > local).map(({ at }) => at - 2 * day),
      );
      remember(low - local + localSeconds, high - local + localSeconds, offset);
    }
    return offset;
  }

  function remember(low: number, high: number, offset: number): number {
    Object.assign(last, { low, high, offset });
    return offset;
  }

  return {
    isUtc,
    offsetAtLocal,
    toUtc(local) {
      const seconds = local >= 0n ? local / 1_000_000n : (local - 999_999n) / 1_000_000n;
      return local - BigInt(offsetAtLocal(Number(seconds))) * 1_000_000n;
    },
  };
}

/** A skipped time is read with the offset before the change, a repeated one with the offset after it. */
function choose(local: number, { at, before, after }: Transition): number {
  const byBefore = local - before;
  const byAfter = local - after;
  if (byBefore < at && byAfter < at) return before;
  if (byBefore > at && byAfter >= at) return after;
  return byBefore > byAfter ? before : after;
}
