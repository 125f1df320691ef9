import { widerNumber } from './number.js';
import type { Wider } from './wider.js';

/** Reads an integer as `widerNumber` does; zeros behind the decimal mark are allowed. */
export function widerInteger(text: string): Wider<bigint> | undefined {
  const wider = widerNumber(text);
  if (wider === undefined || /[1-9]/.test(wider.value.fraction)) return undefined;
  const { negative, whole } = wider.value;
  const value = BigInt(whole || '0');
  return { value: negative ? -value : value, as: wider.as };
}
