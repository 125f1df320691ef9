import type { Wider } from './wider.js';
import { isUuid } from '../uuid.js';

const digits = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** Reads a UUID in braces, or without hyphens, or both; as 8-4-4-4-12 in lower case. */
export function widerUuid(text: string): Wider<string> | undefined {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text;
  const value = (inner.includes('-') ? inner : inner.replace(digits, '$1-$2-$3-$4-$5')).toLowerCase();
  if (!isUuid(value)) return undefined;
  return { value, as: inner === text ? 'a UUID without hyphens' : 'a UUID in braces' };
}
