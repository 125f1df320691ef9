import { isSpace } from './text.js';

/** One `@`, a domain with a dot inside it, no two dots in a row, no white space, comma or semicolon. Case is kept. */
export function isEmail(text: string): boolean {
  const at = text.indexOf('@');
  if (at < 1 || text.includes('@', at + 1) || text.includes('..')) return false;
  const lastDot = text.lastIndexOf('.');
  if (lastDot < at + 2 || lastDot === text.length - 1 || text.charCodeAt(at + 1) === 0x2e) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2c || code === 0x3b || isSpace(code)) return false;
  }
  return true;
}

/** `isEmail` on bytes, for ASCII only: false also means that the text has to be looked at. */
export function isAsciiEmail(bytes: Buffer, start: number, length: number): boolean {
  const end = start + length;
  let at = -1;
  let lastDot = -1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte <= 0x20 || byte >= 0x7f || byte === 0x2c || byte === 0x3b) return false;
    if (byte === 0x40) {
      if (at !== -1) return false;
      at = i;
    } else if (byte === 0x2e) {
      if (lastDot === i - 1 && lastDot !== -1) return false;
      lastDot = i;
    }
  }
  return at > start && lastDot > at + 1 && lastDot < end - 1 && bytes[at + 1] !== 0x2e;
}
