import type { Wider } from './wider.js';

const words: ReadonlyMap<string, boolean> = new Map([
  ...['j', 'ja', 'oui', 'si', 'sí', 'on', 'enabled', 'active', 'x'].map((word) => [word, true] as const),
  ...['nein', 'non', 'off', 'disabled', 'inactive', '-'].map((word) => [word, false] as const),
]);

/** Reads words of other languages and of forms, in any case. */
export function widerBoolean(text: string): Wider<boolean> | undefined {
  const value = words.get(text.toLowerCase());
  return value === undefined ? undefined : { value, as: `a word for ${value ? 'true' : 'false'}` };
}
