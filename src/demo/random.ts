/** MurmurHash3's last step over 32 bits. A bijection: different inputs never meet. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** FNV-1a over the UTF-16 units of `text`, as an unsigned 32-bit integer. */
function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

const streamKeys = new Map<string, number>();

function streamKey(seed: number, stream: string): number {
  const name = `${seed}/${stream}`;
  let key = streamKeys.get(name);
  if (key === undefined) {
    key = mix(hashText(name));
    streamKeys.set(name, key);
  }
  return key;
}

/**
 * Random numbers (sfc32) that depend only on the seed, a named stream and an index, so that any row can be
 * made again on its own, in any order, without the rows before it.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, stream: string, index = 0) {
    const key = streamKey(seed, stream);
    this.a = mix(index ^ key);
    this.b = mix(this.a ^ 0x9e3779b9);
    this.c = mix(this.b ^ key);
    this.next();
    this.next();
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** An integer from `min` to `max`, both included; the span must stay under 2^21 times 2^32. */
  int(min: number, max: number): number {
    return min + Math.floor((this.next() / 0x1_0000_0000) * (max - min + 1));
  }

  /** True in `percent` of 100 draws. */
  chance(percent: number): boolean {
    return this.next() < percent * 42_949_672.96;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(0, list.length - 1)];
    if (item === undefined) throw new RangeError('Cannot pick from an empty list.');
    return item;
  }

  /** `count` decimal digits, leading zeros included; at most 9. */
  digits(count: number): string {
    return String(this.int(0, 10 ** count - 1)).padStart(count, '0');
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** A version 4 UUID; two indexes of one stream never get the same one. */
export function uuidFor(seed: number, stream: string, index: number): string {
  const key = streamKey(seed, `${stream}/uuid`);
  const w0 = mix(index ^ key);
  const w1 = mix(w0 ^ 0x9e3779b9);
  const w2 = mix(w1 ^ key);
  const w3 = mix(w2 ^ 0x7f4a7c15);
  const middle = hex((w1 & 0xffff0fff) | 0x4000);
  const last = hex((w2 & 0x3fffffff) | 0x80000000);
  return `${hex(w0)}-${middle.slice(0, 4)}-${middle.slice(4)}-${last.slice(0, 4)}-${last.slice(4)}${hex(w3)}`;
}
