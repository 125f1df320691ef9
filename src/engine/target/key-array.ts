import { uuidText } from '../values/uuid.js';

/** The three types that target keys travel in; composite keys are JSON arrays of text. */
export type KeyKind = 'uuid' | 'bigint' | 'text';

/** Type OIDs of PostgreSQL's catalog (pg_type.dat), fixed since the types exist. */
const oids = { uuid: 2950, bigint: 20, text: 25 } as const;
const headBytes = 20;

/**
 * Gathers values as one array in PostgreSQL's binary form, to be handed to a query as a parameter: no quoting, no
 * text for the server to parse. Source of the form: array_send in src/backend/utils/adt/arrayfuncs.c.
 */
export class KeyArray {
  readonly kind: KeyKind;
  count = 0;
  #bytes = Buffer.allocUnsafe(1 << 12);
  #end = headBytes;
  /** 1: there are some */
  #nulls = 0;

  constructor(kind: KeyKind) {
    this.kind = kind;
  }

  clear(): void {
    this.count = 0;
    this.#end = headBytes;
    this.#nulls = 0;
  }

  /** A UUID's 16 bytes, or text of any other key. */
  push(key: Buffer | string): void {
    this.count++;
    if (typeof key !== 'string') {
      this.#reserve(4 + key.length);
      const at = this.#bytes.writeInt32BE(key.length, this.#end);
      // So few bytes are faster than the native copy.
      for (let i = 0; i < key.length; i++) this.#bytes[at + i] = key[i] as number;
      this.#end = at + key.length;
    } else if (this.kind === 'bigint') {
      this.#reserve(12);
      this.#bytes.writeInt32BE(8, this.#end);
      this.#bytes.writeBigInt64BE(BigInt(key), this.#end + 4);
      this.#end += 12;
    } else {
      this.#reserve(4 + key.length * 3);
      const written = this.#bytes.write(key, this.#end + 4, 'utf8');
      this.#bytes.writeInt32BE(written, this.#end);
      this.#end += 4 + written;
    }
  }

  /** No key: SQL NULL. */
  pushNull(): void {
    this.count++;
    this.#nulls = 1;
    this.#reserve(4);
    this.#end = this.#bytes.writeInt32BE(-1, this.#end);
  }

  /** The same keys but for those at these positions. */
  without(positions: ReadonlySet<number>): KeyArray {
    const rest = new KeyArray(this.kind);
    let at = headBytes;
    for (let position = 0; position < this.count; position++) {
      const length = this.#bytes.readInt32BE(at);
      if (!positions.has(position)) {
        rest.#reserve(4 + length);
        rest.#end += this.#bytes.copy(rest.#bytes, rest.#end, at, at + 4 + length);
        rest.count++;
      }
      at += 4 + length;
    }
    return rest;
  }

  /** The keys as text, in order. */
  *texts(): Generator<string> {
    let at = headBytes;
    for (let position = 0; position < this.count; position++) {
      const length = this.#bytes.readInt32BE(at);
      at += 4;
      if (this.kind === 'uuid') yield uuidText(this.#bytes, at);
      else if (this.kind === 'bigint') yield String(this.#bytes.readBigInt64BE(at));
      else yield this.#bytes.toString('utf8', at, at + length);
      at += length;
    }
  }

  /** The array as a binary parameter. Valid until the next `push` or `clear`. */
  parameter(): Buffer {
    const head = this.#bytes;
    head.writeInt32BE(this.count === 0 ? 0 : 1, 0);
    head.writeInt32BE(this.#nulls, 4);
    head.writeInt32BE(oids[this.kind], 8);
    if (this.count === 0) return head.subarray(0, 12);
    head.writeInt32BE(this.count, 12);
    head.writeInt32BE(1, 16);
    return head.subarray(0, this.#end);
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + size));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
