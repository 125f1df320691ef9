/** Options that many commands have. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../contract/duration.js';
import type { OptionSpec } from '../arguments.js';

export const session: OptionSpec = {
  flags: '--session <name>',
  description: 'the run, by its name or workflow id; the one that is open unless given',
};

export const reason: OptionSpec = { flags: '--reason <text>', description: 'why, for the record' };

export const table: OptionSpec = { flags: '--table <name>', description: 'one table or step alone' };

export const confirm: OptionSpec = {
  flags: '--confirm',
  description: 'do it without asking',
  isConsent: true,
};

/** For `parse`: milliseconds as plain digits, or a duration. Milliseconds come back as a number. */
export function durationOrMilliseconds(text: string): number | string {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  if (parseDuration(text) !== undefined) return text;
  throw new InvalidArgumentError('Allowed are milliseconds, or a duration such as 90s, 30m or 4h.');
}

/** For `parse`: `customers:1000,suppliers:500`, rows of one chunk at the most by step. */
export function batchSizes(text: string): Record<string, number> {
  const sizes = text.split(',').map((part): [string, number] => {
    const [, step, rows] = /^\s*([\w-]+)\s*:\s*([1-9]\d{0,6})\s*$/.exec(part) ?? [];
    if (step === undefined || rows === undefined)
      throw new InvalidArgumentError('Allowed are steps and rows, such as customers:1000,suppliers:500.');
    return [step, Number(rows)];
  });
  return Object.fromEntries(sizes);
}
