import { expect, test } from 'vitest';
import { memoryBudget, MemoryGuard, type MemoryUse } from '../../src/engine/memory-guard.js';

const megabyte = 1_048_576;
const budget = { heap: 200 * megabyte, all: 300 * megabyte };

/** A process that uses what the test says, in megabytes, and of that `garbage` until it is collected. */
function guarded({ rows = 20_000, bytes = 4 * megabyte, halvings = 0 } = {}) {
  const process = { heap: 50, external: 50, garbage: 0, collections: 0 };
  const notes: string[] = [];
  const guard = new MemoryGuard({
    limit: { rows, bytes },
    budget,
    halvings,
    warn: (note) => notes.push(note),
    meter: {
      use: (): MemoryUse => ({
        heap: (process.heap + process.garbage) * megabyte,
        external: process.external * megabyte,
      }),
      collect: () => {
        process.garbage = 0;
        process.collections++;
      },
    },
  });
  const look = (times: number) => {
    for (let i = 0; i < times; i++) guard.look();
  };
  return { guard, process, notes, look };
}

test('within the budget chunks keep their size, and nothing is collected', () => {
  const { guard, process, notes, look } = guarded();
  look(100);
  expect(guard.limit).toEqual({ rows: 20_000, bytes: 4 * megabyte });
  expect(process.collections).toBe(0);
  expect(notes).toEqual([]);
});

test.each([
  ['objects', { heap: 210, external: 0 }],
  ['objects and buffers together', { heap: 150, external: 160 }],
])('over the budget with %s, rows and bytes of a chunk are halved after each commit', (_what, use) => {
  const { guard, process, notes, look } = guarded();
  Object.assign(process, use);
  look(1);
  expect(guard.limit).toEqual({ rows: 10_000, bytes: 2 * megabyte });
  look(1);
  expect(guard.limit).toEqual({ rows: 5_000, bytes: megabyte });
  expect(notes).toHaveLength(2);
  expect(notes[0]).toMatch(/needs \d+ MB .* may use 300 MB .* 10000 rows or 2048 kB/);
});

test('what nobody uses any more does not count', () => {
  const { guard, process, look } = guarded();
  process.garbage = 500;
  look(1);
  expect(process.collections).toBe(1);
  expect(guard.limit.rows).toBe(20_000);
});

test('chunks grow again, a step every ten commits with room to spare, to what they were', () => {
  const { guard, process, look } = guarded();
  process.heap = 250;
  look(2);
  process.heap = 190;
  look(50);
  expect(guard.limit.rows).toBe(5_000);
  process.heap = 50;
  look(9);
  expect(guard.limit.rows).toBe(5_000);
  look(1);
  expect(guard.limit.rows).toBe(10_000);
  look(100);
  expect(guard.limit).toEqual({ rows: 20_000, bytes: 4 * megabyte });
});

test('with the smallest chunks it is given up at the third commit in a row that is over', () => {
  const { guard, process, look } = guarded({ rows: 256 });
  process.heap = 250;
  look(2);
  expect(guard.limit.rows).toBe(64);
  look(2);
  process.heap = 50;
  look(1);
  process.heap = 250;
  look(2);
  expect(() => guard.look()).toThrow(
    expect.objectContaining({
      code: 'ERR_007',
      transient: false,
      message: expect.stringContaining('64 rows'),
      next: expect.stringContaining('MIGRATION_MEMORY_LIMIT'),
    }),
  );
});

test('chunks that an operator wants smaller than the floor stay as they are', () => {
  const { guard, process, look } = guarded({ rows: 10 });
  process.heap = 250;
  look(2);
  expect(guard.limit).toEqual({ rows: 10, bytes: 4 * megabyte });
  expect(() => guard.look()).toThrow('Memory is exhausted');
});

test('after attempts that have died chunks begin smaller, and not below the floor', () => {
  expect(guarded({ halvings: 2 }).guard.limit.rows).toBe(5_000);
  expect(guarded({ halvings: 90, rows: 128 }).guard.limit.rows).toBe(64);
});

test("the budget is the operator's, or follows from the limit of the heap and the chunks in flight", () => {
  const parts = { chunkBytes: 4 * megabyte, parallel: 3 };
  const own = memoryBudget({ ...parts, limitBytes: undefined });
  expect(own.all - own.heap).toBe(16 * 3 * 4 * megabyte);
  expect(memoryBudget({ ...parts, limitBytes: 500 * megabyte })).toEqual({
    heap: own.heap,
    all: 500 * megabyte,
  });
});
