import { describe, expect, it } from 'vitest';
import { begin } from '../../../src/engine/ranges/begun.js';

const { signal: never } = new AbortController();

/** Numbers from 1 to `last`; `steps` tells what was done for them. */
function counting(steps: string[], last: number) {
  return async function* count(): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= last; n++) {
        steps.push(`made ${n}`);
        yield n;
      }
    } finally {
      // As with a connection that is being closed.
      await Promise.resolve();
      steps.push('closed');
    }
  };
}

/** What waits until its signal is aborted, as a server that sorts. */
function waiting(steps: string[]) {
  return async function* wait(signal: AbortSignal): AsyncGenerator<number> {
    try {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
      yield 1;
    } finally {
      steps.push('closed');
    }
  };
}

async function taken(items: AsyncIterable<number>, most = Infinity): Promise<number[]> {
  const found: number[] = [];
  for await (const item of items) if (found.push(item) >= most) break;
  return found;
}

describe('items that were begun', () => {
  it('are made up to the first one before they are taken, and are all there', async () => {
    const steps: string[] = [];
    const begun = begin(counting(steps, 3), never);
    expect(steps).toEqual(['made 1']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps).toEqual(['made 1']);
    expect(await taken(begun.items)).toEqual([1, 2, 3]);
    expect(steps).toEqual(['made 1', 'made 2', 'made 3', 'closed']);
  });

  it('may be none', async () => {
    expect(await taken(begin(counting([], 0), never).items)).toEqual([]);
  });

  it.each([1, 2])('are closed when only %s of them was taken', async (most) => {
    const steps: string[] = [];
    await taken(begin(counting(steps, 3), never).items, most);
    expect(steps.at(-1)).toBe('closed');
  });

  it('tell of a failure only who takes them', async () => {
    const begun = begin(() => failing(), never);
    // Long enough for Node to complain of a failure that nobody has heard of.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(taken(begun.items)).rejects.toThrow('the server went away');
    await begun.end();
  });

  it('hear of the signal', async () => {
    const steps: string[] = [];
    const abort = new AbortController();
    const begun = begin(waiting(steps), abort.signal);
    abort.abort(new Error('paused'));
    await expect(taken(begun.items)).rejects.toThrow('paused');
    expect(steps).toEqual(['closed']);
  });
});

describe('items that are ended', () => {
  it('are closed when nobody has taken the first one', async () => {
    const steps: string[] = [];
    const begun = begin(counting(steps, 3), never);
    await begun.end();
    expect(steps).toEqual(['made 1', 'closed']);
  });

  it('are not waited for', async () => {
    const steps: string[] = [];
    await begin(waiting(steps), never).end();
    expect(steps).toEqual(['closed']);
  });

  it('may have been taken, or ended, before', async () => {
    const steps: string[] = [];
    const begun = begin(counting(steps, 3), never);
    await taken(begun.items, 2);
    await begun.end();
    await begun.end();
    expect(steps).toEqual(['made 1', 'made 2', 'closed']);
  });
});

async function* failing(): AsyncGenerator<number> {
  await Promise.resolve();
  yield* [];
  throw new Error('the server went away');
}
