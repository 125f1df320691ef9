/**
 * Items of which the first one was asked for before anyone takes it. A server that must sort a range sends its first row
 * long after it was asked; meanwhile the range before is still at work. No more than the first item is made ahead.
 */
export interface Begun<Item> {
  /** All of them, the first one too; to be taken once. Throws whatever has gone wrong, the first one's failure too. */
  readonly items: AsyncGenerator<Item>;
  /** They are not wanted any more, or not any further. Comes back when nothing is at work for them; never throws. */
  readonly end: () => Promise<void>;
}

/** Begins to make items. What `make` is given is aborted with `signal`, or when they are ended. */
export function begin<Item>(
  make: (signal: AbortSignal) => AsyncGenerator<Item>,
  signal: AbortSignal,
): Begun<Item> {
  const ended = new AbortController();
  const made = make(AbortSignal.any([signal, ended.signal]));
  const first = made.next();
  // Heard of by whoever takes the items; until then a failure must not count as unhandled.
  first.catch(() => undefined);
  return {
    items: startingWith(first, made),
    end: async () => {
      ended.abort(new Error('what was begun is not wanted any more'));
      // One that waits with its first item hears of no signal: this ends it.
      await made.return(undefined).catch(() => undefined);
    },
  };
}

async function* startingWith<Item>(
  first: Promise<IteratorResult<Item, unknown>>,
  rest: AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  try {
    const { done, value } = await first;
    if (done === true) return;
    yield value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
