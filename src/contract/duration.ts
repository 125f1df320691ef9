const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `4h`, `1d` in milliseconds; `undefined` for anything else, and for nothing and more than 30 days. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,7})([smhd])$/.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  return ms > 0 && ms <= 30 * unitMs.d ? ms : undefined;
}

/** The largest whole unit that loses nothing: 14400000 is `4h`, 5400000 is `90m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm'] as const)
    if (ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  return `${Math.round(ms / 1000)}s`;
}
