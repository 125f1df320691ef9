import { expect, test } from 'vitest';
import { MemoryGuard } from '../../src/engine/memory-guard.js';
import { moveStep, type StepMove } from '../../src/engine/move-step.js';
import { stepCounts } from '../../src/store/runs.js';
import { makeCustomers, ref, withSurveyedCustomers, type SurveyedCustomers } from './surveyed-customers.js';
import { SharedReferences } from '../../src/engine/references/shared-references.js';

const rows = 3_000;
const chunkRows = 100;

function withCustomers(use: (customers: SurveyedCustomers) => Promise<void>): Promise<void> {
  return withSurveyedCustomers((url) => makeCustomers(url, rows), use);
}

/** The move of these customers; unless told otherwise nothing interrupts it. */
function move(
  { step, source, connectTarget }: SurveyedCustomers,
  over: Partial<StepMove> = {},
): Promise<boolean> {
  const { signal } = new AbortController();
  return moveStep(step, {
    database: source,
    connect: connectTarget,
    references: new SharedReferences(),
    limit: { rows: chunkRows, bytes: 1 << 20 },
    pause: signal,
    signal,
    onCommit: () => undefined,
    ...over,
  });
}

/** Rows in the target, by the watermarks and by the table itself. */
async function rowsIn({ client }: SurveyedCustomers): Promise<{ read: number; rows: number }> {
  const { read } = await stepCounts(client, ref.run, 'customers');
  const table = await client.query<{ rows: number }>('select count(*)::int as rows from customers');
  return { read, rows: table.rows[0]?.rows ?? 0 };
}

test('a pause commits the chunks in hand, reads no further, and the next move goes on there', () =>
  withCustomers(async (customers) => {
    const pause = new AbortController();
    const begun: string[] = [];
    const done = await move(customers, {
      pause: pause.signal,
      at: (point) => {
        if (point === 'after-copy' && begun.push(point) === 5) pause.abort();
      },
    });
    expect(done).toBe(false);
    // Every chunk that was begun is in.
    expect(await rowsIn(customers)).toEqual({
      read: begun.length * chunkRows,
      rows: begun.length * chunkRows,
    });
    expect(begun.length).toBeLessThan(8);

    expect(await move(customers)).toBe(true);
    expect(await rowsIn(customers)).toEqual({ read: rows, rows });
  }));

test('a stop drops the chunks in hand, and the next move goes on behind what is in', () =>
  withCustomers(async (customers) => {
    const [pause, stop] = [new AbortController(), new AbortController()];
    let commits = 0;
    let begun = 0;
    const stopped = move(customers, {
      pause: pause.signal,
      signal: stop.signal,
      onCommit: () => {
        commits++;
      },
      at: (point) => {
        if (point !== 'after-copy' || ++begun !== 5) return;
        pause.abort();
        stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(commits).toBe(4);
    expect(await rowsIn(customers)).toEqual({ read: 400, rows: 400 });
    expect(await move(customers)).toBe(true);
    expect(await rowsIn(customers)).toEqual({ read: rows, rows });
  }));

test('a move that is paused before it begins moves nothing and says that there is more', () =>
  withCustomers(async (customers) => {
    expect(await move(customers, { pause: AbortSignal.abort() })).toBe(false);
    expect(await rowsIn(customers)).toEqual({ read: 0, rows: 0 });
  }));

test('a move that its memory does not suffice for ends with ERR_007; what it has committed stays', () =>
  withCustomers(async (customers) => {
    const notes: string[] = [];
    const guard = new MemoryGuard({
      limit: { rows: 256, bytes: 1 << 20 },
      // No process of Node's needs as little.
      budget: { heap: 1_000_000, all: 1_000_000 },
      warn: (note) => notes.push(note),
    });
    await expect(move(customers, { limit: guard.limit, onCommit: () => guard.look() })).rejects.toMatchObject(
      {
        code: 'ERR_007',
        transient: false,
        message: expect.stringMatching(/64 rows.* needs \d+ MB.* may use 1 MB/),
      },
    );
    expect(notes.length).toBe(2);
    const { read, rows: inTarget } = await rowsIn(customers);
    expect(read).toBe(inTarget);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(rows);
  }));
