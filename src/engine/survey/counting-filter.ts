/**
 * Counts how often a key was seen, up to "more than once", in two bits a slot: no key is kept, so a hundred million
 * keys cost 64 MB. It may take two different keys for one (they are then looked at closely), never the other way.
 */
export class CountingFilter {
  readonly #bits: Uint8Array;
  readonly #mask: number;

  /** `expected` keys; eight slots for each keep false suspicions near one in a hundred. */
  constructor(expected: number) {
    let slots = 1 << 16;
    while (slots < expected * 8 && slots < 2 ** 28) slots *= 2;
    this.#bits = new Uint8Array(slots / 4);
    this.#mask = slots - 1;
  }

  add(key: string): void {
    const slot = slotOf(key) & this.#mask;
    const shift = (slot & 3) * 2;
    const count = ((this.#bits[slot >>> 2] as number) >> shift) & 3;
    if (count < 2) this.#bits[slot >>> 2] = (this.#bits[slot >>> 2] as number) + (1 << shift);
  }

  /** True when the key was added at least twice, and sometimes when it was not. */
  maybeRepeated(key: string): boolean {
    const slot = slotOf(key) & this.#mask;
    return (((this.#bits[slot >>> 2] as number) >> ((slot & 3) * 2)) & 3) >= 2;
  }
}

/** MurmurHash3 (32 bit, public domain, Austin Appleby) over UTF-16 code units. */
function slotOf(key: string): number {
  let hash = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    let word = Math.imul(key.charCodeAt(i), 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= key.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
