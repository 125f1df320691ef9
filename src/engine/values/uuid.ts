import { hash } from 'node:crypto';
import { trim } from './text.js';

/** The namespace under which every kind of thing has its own (RFC 9562, version 5). Never changes: ids depend on it. */
const projectNamespace = '6f1d3c52-0b7e-5a48-9d26-c41f8a7be0d3';

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** 8-4-4-4-12 hexadecimal digits in any case, nothing around them. */
export function isUuid(text: string): boolean {
  return text.length === 36 && form.test(text);
}

/** 16 bytes of a text for which `isUuid` holds. */
export function uuidBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

export function uuidText(bytes: Buffer, start = 0): string {
  const hex = bytes.toString('hex', start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The form in which legacy ids are compared: trimmed, and a UUID in lower case. Indexes by legacy id are keyed by it. */
export function comparableId(text: string): string {
  const id = trim(text);
  return isUuid(id) ? id.toLowerCase() : id;
}

/** UUIDv5: 16 bytes, always the same for the same namespace (16 bytes) and name. */
export function uuidV5(namespace: Buffer, name: string): Buffer {
  const hashed =
    name.length <= maxScratchName
      ? scratchFor(namespace, name)
      : Buffer.concat([namespace, Buffer.from(name)]);
  const digest = hash('sha1', hashed, 'buffer').subarray(0, 16);
  digest[6] = ((digest[6] as number) & 0x0f) | 0x50;
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80;
  return digest;
}

/** Names are ids: short. One buffer for all of them saves two allocations an id. */
const maxScratchName = 256;
const scratch = Buffer.alloc(16 + 3 * maxScratchName);

function scratchFor(namespace: Buffer, name: string): Buffer {
  namespace.copy(scratch, 0, 0, 16);
  return scratch.subarray(0, 16 + scratch.write(name, 16, 'utf8'));
}

/** The namespace of a kind of thing: a legacy table, `warehouses`, `locations`, `users`. */
export function namespaceOf(kind: string): Buffer {
  return uuidV5(uuidBytes(projectNamespace), kind);
}

/** The key that a legacy id leads to: itself when it is a UUID, else the UUIDv5 of its trimmed text. */
export function identityOf(namespace: Buffer, legacyId: string): Buffer {
  const id = trim(legacyId);
  return isUuid(id) ? uuidBytes(id) : uuidV5(namespace, id);
}

/** The value of each byte as a hexadecimal digit; 255 for every other byte. */
const hexDigits = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

/**
 * Reads a UUID of 36 ASCII bytes into 16 bytes; false when the text is none (`into` then holds anything).
 */
export function readUuid(bytes: Buffer, start: number, into: Buffer, at: number): boolean {
  if (
    bytes[start + 8] !== 45 ||
    bytes[start + 13] !== 45 ||
    bytes[start + 18] !== 45 ||
    bytes[start + 23] !== 45
  )
    return false;
  let from = start;
  let bad = 0;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) from++;
    const high = hexDigits[bytes[from] as number] as number;
    const low = hexDigits[bytes[from + 1] as number] as number;
    bad |= high | low;
    into[at + i] = (high << 4) | low;
    from += 2;
  }
  return (bad & 0xf0) === 0;
}
