import { isUtf8 } from 'node:buffer';

/** Unicode's White_Space property and the byte order mark, by UTF-16 code unit: all of them are in the first plane. */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0x85) return false;
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}

/** Without white space at both ends; inner text stays. `String.trim` would leave U+0085 (next line). */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Length in code points, as PostgreSQL counts for varchar(n). */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdbff) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        count--;
        i++;
      }
    }
  }
  return count;
}

/**
 * The form in which codes, SKUs and names are compared: trimmed and in lower case. Simple lower case rather than full
 * case folding, because that is what `lower()` in the target's own checks does.
 */
export function fold(text: string): string {
  return trim(text).toLowerCase();
}

/** The same for a part of a buffer; most texts are ASCII, which is seen without an object or a call. */
export function textFaultAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0 || byte >= 0x80) return textFault(bytes.subarray(start, end));
  }
  return undefined;
}

/** Why bytes cannot be text in PostgreSQL, or undefined when they can. */
export function textFault(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return 'holds bytes that are not valid UTF-8';
  if (bytes.includes(0)) return 'holds a NUL character, which PostgreSQL cannot store';
  return undefined;
}
