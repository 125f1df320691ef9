/**
 * Maps 16 bytes to 16 bytes in two flat arrays, without an object per entry: about 50 bytes an entry, so that a million
 * parents cost 50 MB. Open addressing with linear probing; keys are UUIDs or hashes, so their first bytes spread well.
 */
export class UuidMap {
  #keys: Uint32Array;
  #values: Uint32Array;
  #used: Uint8Array;
  #mask: number;
  size = 0;

  constructor(expected = 1024) {
    let capacity = 1024;
    while (capacity * 0.6 < expected) capacity *= 2;
    this.#mask = capacity - 1;
    this.#keys = new Uint32Array(capacity * 4);
    this.#values = new Uint32Array(capacity * 4);
    this.#used = new Uint8Array(capacity);
  }

  /** Sets the value of a key; the first value stays when there is one already. */
  add(key: Buffer, value: Buffer, keyAt = 0, valueAt = 0): void {
    if ((this.size + 1) / (this.#mask + 1) > 0.6) this.#grow();
    const slot = this.#slotOf(
      word(key, keyAt),
      word(key, keyAt + 4),
      word(key, keyAt + 8),
      word(key, keyAt + 12),
    );
    if (this.#used[slot]) return;
    this.#used[slot] = 1;
    for (let i = 0; i < 4; i++) {
      this.#keys[slot * 4 + i] = word(key, keyAt + i * 4);
      this.#values[slot * 4 + i] = word(value, valueAt + i * 4);
    }
    this.size++;
  }

  /** Writes the value into `into` and answers true; false when there is none. */
  get(key: Buffer, into: Buffer, keyAt = 0): boolean {
    const slot = this.#slotOf(
      word(key, keyAt),
      word(key, keyAt + 4),
      word(key, keyAt + 8),
      word(key, keyAt + 12),
    );
    if (!this.#used[slot]) return false;
    for (let i = 0; i < 4; i++) {
      const value = this.#values[slot * 4 + i] as number;
      into[i * 4] = value >>> 24;
      into[i * 4 + 1] = value >>> 16;
      into[i * 4 + 2] = value >>> 8;
      into[i * 4 + 3] = value;
    }
    return true;
  }

  has(key: Buffer): boolean {
    return this.#used[this.#slotOf(word(key, 0), word(key, 4), word(key, 8), word(key, 12))] === 1;
  }

  #slotOf(a: number, b: number, c: number, d: number): number {
    const keys = this.#keys;
    // Ids that count up in one word still spread: all words take part, mixed by odd constants.
    let slot =
      (Math.imul(a, 0x9e3779b1) ^
        Math.imul(b, 0x85ebca77) ^
        Math.imul(c, 0xc2b2ae3d) ^
        Math.imul(d, 0x27d4eb2f)) >>>
      0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (
      this.#used[slot] &&
      (keys[slot * 4] !== a ||
        keys[slot * 4 + 1] !== b ||
        keys[slot * 4 + 2] !== c ||
        keys[slot * 4 + 3] !== d)
    )
      slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const old = { keys: this.#keys, values: this.#values, used: this.#used };
    const capacity = (this.#mask + 1) * 2;
    this.#mask = capacity - 1;
    this.#keys = new Uint32Array(capacity * 4);
    this.#values = new Uint32Array(capacity * 4);
    this.#used = new Uint8Array(capacity);
    for (let from = 0; from < old.used.length; from++) {
      if (!old.used[from]) continue;
      const key = old.keys.subarray(from * 4, from * 4 + 4);
      const slot = this.#slotOf(key[0] as number, key[1] as number, key[2] as number, key[3] as number);
      this.#used[slot] = 1;
      this.#keys.set(key, slot * 4);
      this.#values.set(old.values.subarray(from * 4, from * 4 + 4), slot * 4);
    }
  }
}

function word(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
