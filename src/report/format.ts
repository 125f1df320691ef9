/** Figures and times as people read them, the same in every command. */

/** `1,250` */
export function count(rows: number): string {
  return rows.toLocaleString('en-US');
}

/** A share of one as `99.8%`; never rounded up to a full 100% or down to nothing. */
export function percent(share: number): string {
  if (share >= 1) return '100%';
  if (share <= 0) return '0%';
  const rounded = Math.min(99.9, Math.max(0.1, Math.floor(share * 1000) / 10));
  return `${rounded}%`;
}

/** Whole percent of a part, for bars and progress lines: rounded down, so that 100% means all. */
export function wholePercent(part: number, whole: number): number {
  return whole <= 0 ? 100 : Math.min(100, Math.floor((part / whole) * 100));
}

/** Seconds in two units at most: `8s`, `2m 05s`, `3h 59m`. */
export function timeSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Time of day in the operator's own zone, with the zone: `14:03:22 GMT+1`. `timeZone` only in tests. */
export function timeOfDay(at: Date, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(at);
}

/** `█████░░░░░`, `width` characters wide. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** The text in lines of at most `width` characters, broken between words; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
