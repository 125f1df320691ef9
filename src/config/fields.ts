import { isSupportedCountry, type CountryCode } from 'libphonenumber-js';
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../contract/duration.js';
import type { DatabaseUrl } from './database-url.js';
import { parseDatabaseUrl } from './parse-database-url.js';

/*
 * Kinds of variables. Each turns the text of one variable into a value, or says what is allowed in words that
 * go on from "NAME is VALUE: ".
 */

/** A whole number written in plain digits. `min` and `max` are both allowed. */
export function wholeNumber(min: number, max: number) {
  const error = `it must be a whole number from ${min} to ${max} in plain digits`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

/** A part of a whole, between 0.1 and 0.99. */
export function share() {
  const error = 'it must be a share from 0.1 to 0.99, like 0.9';
  return z
    .string()
    .regex(/^0?\.\d{1,4}$/, { error })
    .transform(Number)
    .pipe(z.number().min(0.1, { error }).max(0.99, { error }));
}

/** The value is in milliseconds. */
export function duration() {
  return z.string().transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: 'it must be a duration like 30s, 5m or 1h' });
    return z.NEVER;
  });
}

/** A limit that can be switched off, with the word `off`: the value is then undefined. */
export function offOr(limit: z.ZodType<number, string>) {
  return z.string().transform((text, context): number | undefined => {
    if (text.toLowerCase() === 'off') return undefined;
    const { data, error } = limit.safeParse(text);
    for (const { message } of error?.issues ?? [])
      context.addIssue({ code: 'custom', message: `${message}, or off` });
    return data ?? z.NEVER;
  });
}

export function yesOrNo() {
  return z
    .string()
    .regex(/^(true|false)$/i, { error: 'it must be true or false' })
    .transform((text) => text.toLowerCase() === 'true');
}

/** One of the words, in any case; the value is the word as listed. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.string().transform((text, context): Word => {
    const word = words.find((known) => known.toLowerCase() === text.toLowerCase());
    if (word !== undefined) return word;
    context.addIssue({ code: 'custom', message: `it must be one of ${words.join(', ')}` });
    return z.NEVER;
  });
}

/** A switch of the manual whose work is not built yet: refused when on, so that nobody relies on it. */
export function notYet() {
  return yesOrNo().refine((on) => !on, { error: 'this comes in a later version; set it to false' });
}

/** A name without blanks. */
export function plainName() {
  return z
    .string()
    .regex(/^\S{1,200}$/, { error: 'it must be a name of 1 to 200 characters without blanks' });
}

export function hostAndPort() {
  return z.string().refine(
    (text) => {
      const port = Number(/^(?:\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(text)?.[1] ?? 0);
      return port >= 1 && port <= 65_535;
    },
    { error: 'it must be host:port, like 127.0.0.1:7233' },
  );
}

export function timeZone() {
  return z.string().refine(isTimeZone, {
    error: 'it must be an IANA time zone name, like UTC or Europe/Berlin',
  });
}

function isTimeZone(text: string): boolean {
  // Newer versions of Node also take offsets; those know no daylight saving time.
  if (!/^[a-z]/i.test(text)) return false;
  try {
    return Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The two letters of ISO 3166, as the telephone numbers' library knows them. */
export function country() {
  return z.string().transform((text, context): CountryCode => {
    const code = text.toUpperCase();
    if (isSupportedCountry(code)) return code;
    context.addIssue({
      code: 'custom',
      message: 'it must be a country in two letters (ISO 3166), like DE or US',
    });
    return z.NEVER;
  });
}

/** Texts between commas, trimmed, in upper case, each once. */
export function upperCaseList() {
  return z.string().transform((text): readonly string[] => {
    const words = text.split(',').map((word) => word.trim().toUpperCase());
    return [...new Set(words.filter((word) => word !== ''))];
  });
}

/** A folder, made absolute from where the process was started. */
export function folder() {
  return z.string().transform((path) => resolve(path));
}

/** Paths of files between commas, made absolute from where the process was started, each once. */
export function filePaths() {
  return z.string().transform((text): readonly string[] => {
    const paths = text.split(',').map((path) => path.trim());
    return [...new Set(paths.filter((path) => path !== '').map((path) => resolve(path)))];
  });
}

/** A database's URL; `meaning` says which database is meant where it is missing. */
export function databaseUrl(meaning: string) {
  return z
    .string({ error: `it must be ${meaning}, like postgres://user:password@host:5432/database` })
    .transform((text, context): DatabaseUrl => {
      const { url, problems } = parseDatabaseUrl(text);
      if (url !== undefined) return url;
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
}
