import type { KeyHash } from './key-hash.js';

/** Keys of one pass; more are looked at in several passes, so that memory stays the same whatever the table's size. */
export const keysPerPass = 8_000_000;

/**
 * Which keys occur more than once. Keeps 31 bits of each key's hash where the other half of its hash points to, four
 * bytes a slot: two different keys are taken for one in about one of a thousand million cases, and are then looked at
 * closely; a repeated key is never missed.
 */
export class RepeatedKeys {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #passes: number;
  readonly #pass: number;
  any = false;

  constructor(expected: number, pass = 0, passes = 1) {
    let capacity = 1 << 12;
    while (capacity < (expected / passes) * 1.6) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    this.#mask = capacity - 1;
    this.#pass = pass;
    this.#passes = passes;
  }

  add(hash: KeyHash): void {
    if (!this.#isOurs(hash)) return;
    const print = fingerprint(hash);
    const slot = this.#find(hash, print);
    if (this.#slots[slot] === 0) this.#slots[slot] = print;
    else {
      this.#slots[slot] = -print;
      this.any = true;
    }
  }

  has(hash: KeyHash): boolean {
    return this.#isOurs(hash) && (this.#slots[this.#find(hash, fingerprint(hash))] as number) < 0;
  }

  #isOurs(hash: KeyHash): boolean {
    return this.#passes === 1 || (hash.a >>> 16) % this.#passes === this.#pass;
  }

  #find(hash: KeyHash, print: number): number {
    const slots = this.#slots;
    let slot = hash.a & this.#mask;
    while (slots[slot] !== 0 && slots[slot] !== print && slots[slot] !== -print)
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}

/** 31 bits, never 0, which marks a free slot; negative in a slot: repeated. */
function fingerprint(hash: KeyHash): number {
  return hash.b & 0x7fffffff || 1;
}
