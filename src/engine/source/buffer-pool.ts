/** Buffers that wait to be used again: more than a few chunks are never in hand at one time. */
const most = 12;
/** Larger ones belong to rows out of the ordinary, and are not kept. */
const largest = 16 << 20;

const free: Buffer[] = [];

/**
 * A buffer of at least so many bytes, with anything in it. Buffers of the size of a chunk that come and go make V8 look
 * through its whole heap again and again; using them again takes a third off the worker's time.
 */
export function takeBuffer(bytes: number): Buffer {
  const at = free.findIndex(({ length }) => length >= bytes && length <= 4 * bytes);
  const [found] = at === -1 ? [] : free.splice(at, 1);
  return found ?? Buffer.allocUnsafeSlow(bytes);
}

/** The caller has no further use for it, and neither has anybody else. */
export function giveBuffer(buffer: Buffer): void {
  if (buffer.length > 0 && buffer.length <= largest && free.length < most) free.push(buffer);
}
