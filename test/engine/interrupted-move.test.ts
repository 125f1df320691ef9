import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { MemoryGuard } from '../../src/engine/memory-guard.js';
import { moveStep, type StepMove } from '../../src/engine/move-step.js';
import { SharedReferences } from '../../src/engine/references/shared-references.js';
import type { FaultPoint } from '../../src/observe/fault-point.js';
import { stepCounts } from '../../src/store/runs.js';
import { createLegacyDatabase, engineNames, type EngineName } from '../helpers/source-engines.js';
import { slowRoadTo } from '../helpers/slow-road.js';
import {
  makeCustomers,
  openLegacy,
  ref,
  withSurveyedCustomers,
  type SurveyedCustomers,
} from './surveyed-customers.js';

const rows = 3_000;
const chunkRows = 100;

/** So wide that most rows are still on their way when the first ones are in. */
const wide = 10_000;

function withCustomers(
  engine: EngineName,
  use: (customers: SurveyedCustomers) => Promise<void>,
  noteLength = 0,
): Promise<void> {
  return withSurveyedCustomers(
    (url) => makeCustomers(url, rows, noteLength),
    use,
    () => createLegacyDatabase(engine),
  );
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

describe.each(engineNames)('from %s', (engine) => {
  test('a pause commits the chunks in hand, reads no further, and the next move goes on there', () =>
    withCustomers(engine, async (customers) => {
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
    withCustomers(engine, async (customers) => {
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
    withCustomers(engine, async (customers) => {
      expect(await move(customers, { pause: AbortSignal.abort() })).toBe(false);
      expect(await rowsIn(customers)).toEqual({ read: 0, rows: 0 });
    }));

  test('a move that its memory does not suffice for ends with ERR_007; what it has committed stays', () =>
    withCustomers(engine, async (customers) => {
      const notes: string[] = [];
      const guard = new MemoryGuard({
        limit: { rows: 256, bytes: 1 << 20 },
        // No process of Node's needs as little.
        budget: { heap: 1_000_000, all: 1_000_000 },
        warn: (note) => notes.push(note),
      });
      await expect(
        move(customers, { limit: guard.limit, onCommit: () => guard.look() }),
      ).rejects.toMatchObject({
        code: 'ERR_007',
        transient: false,
        message: expect.stringMatching(/64 rows.* needs \d+ MB.* may use 1 MB/),
      });
      expect(notes.length).toBe(2);
      const { read, rows: inTarget } = await rowsIn(customers);
      expect(read).toBe(inTarget);
      expect(read).toBeGreaterThan(0);
      expect(read).toBeLessThan(rows);
    }));

  /** The moments at which the chunk in hand is nowhere, written, and in without anybody having heard of it. */
  const deaths: readonly [what: string, point: FaultPoint, passing: number, chunksIn: number][] = [
    ['in the middle of a COPY', 'in-copy', 5, 4],
    ['right before a commit', 'before-commit', 5, 4],
    ['after a commit that nobody has heard of', 'after-commit', 5, 5],
  ];
  test.each(deaths)(
    'of a mover that dies %s no row is lost and none is twice',
    (_, point, passing, chunksIn) =>
      withCustomers(engine, async (customers) => {
        const clients: Client[] = [];
        let left = passing;
        let told = 0;
        const died = move(customers, {
          connect: async () => {
            const client = await customers.connectTarget();
            clients.push(client);
            return client;
          },
          onCommit: () => void told++,
          // What a killed process leaves behind: sockets that close without a word.
          at: (passed) => {
            if (passed === point && --left === 0)
              for (const client of clients) client.connection.stream.destroy();
          },
        });
        await expect(died).rejects.toThrow(/connection|ended|closed/i);
        const { read, rows: inTarget } = await rowsIn(customers);
        expect(read).toBe(inTarget);
        expect(read / chunkRows).toBeGreaterThanOrEqual(chunksIn);
        expect(told).toBeLessThanOrEqual(read / chunkRows);
        expect(read).toBeLessThan(rows);

        expect(await move(customers)).toBe(true);
        expect(await rowsIn(customers)).toEqual({ read: rows, rows });
      }),
  );

  test('a source that falls silent holds the move up until it speaks again, or until the move is stopped', () =>
    withCustomers(
      engine,
      async (customers) => {
        const road = await slowRoadTo(customers.legacyUrl);
        const source = await openLegacy(road.url);
        /** A move whose source falls silent when three chunks are in, from then on. */
        const heldUp = async (over: Partial<StepMove>): Promise<Promise<boolean>[]> => {
          let commits = 0;
          let moving: Promise<boolean> | undefined;
          await new Promise<void>((resolve, reject) => {
            moving = move(customers, {
              ...over,
              database: source,
              onCommit: () => {
                if (++commits !== 3) return;
                road.stall();
                resolve();
              },
            });
            moving.catch(reject);
          });
          if (!moving) throw new Error('no move was begun');
          expect(await Promise.race([moving, quiet(customers)])).toBe('quiet');
          return [moving];
        };
        try {
          const stop = new AbortController();
          const [stopped] = await heldUp({ pause: stop.signal, signal: stop.signal });
          stop.abort();
          // Nothing was in hand that could be dropped.
          expect(await stopped).toBe(false);
          const { read, rows: inTarget } = await rowsIn(customers);
          expect(read).toBe(inTarget);
          expect(read).toBeLessThan(rows);
          road.resume();

          const [silent] = await heldUp({});
          road.resume();
          expect(await silent).toBe(true);
          expect(await rowsIn(customers)).toEqual({ read: rows, rows });

          // Whoever is done with it does not wait for it.
          road.stall();
          await source.close();
        } finally {
          road.resume();
          road.close();
        }
      },
      wide,
    ));

  test('a source whose connections are cut fails the move at once, and the next one goes on behind what is in', () =>
    withCustomers(
      engine,
      async (customers) => {
        const road = await slowRoadTo(customers.legacyUrl);
        const source = await openLegacy(road.url);
        let commits = 0;
        const cut = move(customers, {
          database: source,
          onCommit: () => {
            if (++commits === 3) road.close();
          },
        });
        await expect(cut).rejects.toMatchObject({
          code: 'ERR_001',
          transient: true,
          place: { server: 'source' },
        });
        const { read, rows: inTarget } = await rowsIn(customers);
        expect(read).toBe(inTarget);
        expect(read).toBeLessThan(rows);
        await source.close().catch(() => undefined);

        expect(await move(customers)).toBe(true);
        expect(await rowsIn(customers)).toEqual({ read: rows, rows });
      },
      wide,
    ));
});

/** Resolves when nothing has come in for some time. */
async function quiet(customers: SurveyedCustomers): Promise<'quiet'> {
  let before = -1;
  for (;;) {
    const { read } = await rowsIn(customers);
    if (read === before) return 'quiet';
    before = read;
    await sleep(400);
  }
}
