import type { RawRow, SourceColumn } from '../row.js';
import { fold, isSpace } from '../values/text.js';
import { textOf } from '../values/wire-text.js';

/** Two 32-bit hashes of one key; an object is reused for all rows. */
export class KeyHash {
  a = 0;
  b = 0;

  /** Starts a key; keys of different rules never meet. */
  start(rule: number): void {
    this.a = 0x811c9dc5 ^ rule;
    this.b = 0x9747b28c ^ Math.imul(rule + 1, 0x85ebca6b);
  }

  byte(value: number): void {
    // FNV-1a (offset and prime from its authors' page) beside a multiplicative hash with another constant.
    this.a = Math.imul(this.a ^ value, 0x01000193);
    this.b = Math.imul((this.b << 5) ^ (this.b >>> 27) ^ value, 0x9e3779b1);
  }

  /** Spreads what the last bytes did over all bits. */
  finish(): void {
    this.a = mix(this.a ^ (this.b >>> 16));
    this.b = mix(this.b ^ this.a);
  }
}

/** The finalizer of MurmurHash3 (32 bit, public domain, Austin Appleby). */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Adds the folded text of a field to a hash; false when the field is missing: null, or nothing but white space. */
export type FieldHasher = (row: RawRow, hash: KeyHash) => boolean;

/** Works on the bytes where they are ASCII, which most codes are; the rest goes by `fold`, with the same outcome. */
export function fieldHasher(column: SourceColumn): FieldHasher {
  const { field } = column;
  const read = textOf(column);
  const onBytes = column.kind === 'text' || column.encoding === 'text';

  function slowly(row: RawRow, hash: KeyHash): boolean {
    const folded = fold(read(row) ?? '');
    if (folded === '') return false;
    for (const byte of Buffer.from(folded, 'utf8')) hash.byte(byte);
    return true;
  }

  return (row, hash) => {
    if (row.length[field] === -1) return false;
    if (!onBytes) return slowly(row, hash);
    const { bytes } = row;
    let at = row.start[field] as number;
    let end = at + (row.length[field] as number);
    for (let i = at; i < end; i++) if ((bytes[i] as number) >= 0x80) return slowly(row, hash);
    while (at < end && isSpace(bytes[at] as number)) at++;
    while (end > at && isSpace(bytes[end - 1] as number)) end--;
    for (let i = at; i < end; i++) {
      const byte = bytes[i] as number;
      hash.byte(byte >= 65 && byte <= 90 ? byte + 32 : byte);
    }
    return end > at;
  };
}
