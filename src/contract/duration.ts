const day = 86_400_000;

/** In milliseconds. */
const units: ReadonlyMap<string, number> = new Map([
  ['d', day],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]);

/** `90s`, `30m`, `4h`, `1d` in milliseconds; `undefined` for anything else, and for nothing and more than 30 days. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (units.get(unit) ?? 0);
  return ms > 0 && ms <= 30 * day ? ms : undefined;
}
