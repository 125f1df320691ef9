import type { Client } from 'pg';
import { ChunkTransformer } from './chunk-transformer.js';
import type { CommittedChunk } from './chunk-size.js';
import { loadDecisions } from './decisions.js';
import type { PassPoint } from '../observe/fault-point.js';
import { lastChunkOf, rangeLock } from '../store/chunks.js';
import { moveRange, type EarlyReading, type MovedRows } from './move-range.js';
import type { ChunkLimit, SourceDatabase } from './source/types.js';
import { HeldReferences, type SharedReferences } from './references/shared-references.js';
import { begin } from './ranges/begun.js';
import type { Step, StepSource } from './step.js';

export interface StepMove {
  readonly database: SourceDatabase;
  /** opens a connection to the target */
  readonly connect: () => Promise<Client>;
  /** read anew for each chunk, so that it may change on the way */
  readonly limit: ChunkLimit;
  /** of all who move steps in this process */
  readonly references: SharedReferences;
  /** stops reading; chunks in hand are committed first */
  readonly pause: AbortSignal;
  /** stops reading; chunks in hand are dropped. `pause` is aborted too */
  readonly signal: AbortSignal;
  /** awaited before each chunk is written: rests while a server should be spared. Ends at once when `signal` is aborted */
  readonly pace?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** called after each commit with all that this call has committed, and awaited; what it throws ends the move */
  readonly onCommit: (moved: Readonly<MovedRows>, last: CommittedChunk) => Promise<void> | void;
  readonly at?: PassPoint | undefined;
}

/** How long to wait before looking again for a range that may be moved. */
const pollMs = 250;

/**
 * Moves ranges of a step, one after the other, until none is left. Several of these may run side by side, on one worker
 * or many: a range is worked on by the holder of its lock, which ends with its connection. False when it was paused while
 * there were some left.
 */
export async function moveStep(step: Step, move: StepMove): Promise<boolean> {
  const client = await move.connect();
  const total = { read: 0, migrated: 0, merged: 0, rejected: 0 };
  const references = new HeldReferences(move.references, step, client);
  let ahead: Promise<Ahead | undefined> = Promise.resolve(undefined);
  try {
    for (;;) {
      move.signal.throwIfAborted();
      const begun = await ahead;
      ahead = Promise.resolve(undefined);
      const next = begun?.range ?? (await claimRange(client, step));
      if (next === 'none') return true;
      if (move.pause.aborted) {
        void begun?.reading.end();
        return false;
      }
      if (next === 'wait') {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        continue;
      }
      const before = { ...total };
      let looked = false;
      const through = await moveClaimed(step, next, client, {
        ...move,
        early: begun?.reading,
        onCommit: (moved, last) => {
          for (const count of Object.keys(total) as (keyof typeof total)[])
            total[count] = before[count] + moved[count];
          if (!looked && moved.read >= next.rows * aheadShare) {
            looked = true;
            ahead = beginNext(step, client, next, move);
            // Awaited before the next range; until then a failure must not count as unhandled.
            ahead.catch(() => undefined);
          }
          return move.onCommit(total, last);
        },
        held: references,
      });
      if (!through) return false;
    }
  } finally {
    void (await ahead.catch(() => undefined))?.reading.end();
    references.release();
    await client.end().catch(() => undefined);
  }
}

/** A range that is claimed while another one is at work, and its reading. */
interface Ahead {
  readonly range: Range;
  readonly reading: EarlyReading;
}

/** Rows of a range that are in when the next one begins to be read: early enough for a sort, late enough for others. */
const aheadShare = 0.6;

async function beginNext(
  step: Step,
  client: Client,
  held: Range,
  move: StepMove,
): Promise<Ahead | undefined> {
  if (move.pause.aborted) return undefined;
  const range = await claimRange(client, step, held);
  if (typeof range === 'string') return undefined;
  const last = await lastChunkOf(client, placeOf(step, range));
  const bounds = { lower: last?.lastKey ?? range.lower, upper: range.upper };
  const { table } = sourceOf(step, range);
  const reading = begin(
    (signal) => move.database.read(table, { bounds, limit: move.limit, signal }),
    move.pause,
  );
  return { range, reading: { ...reading, lower: bounds.lower } };
}

interface Range {
  readonly sourceTable: string;
  readonly range: number;
  /** more or less */
  readonly rows: number;
  readonly lower: string[] | null;
  readonly upper: string[] | null;
}

async function moveClaimed(
  step: Step,
  range: Range,
  client: Client,
  move: StepMove & { readonly held: HeldReferences; readonly early: EarlyReading | undefined },
): Promise<boolean> {
  const { ref, entity } = step;
  const source = sourceOf(step, range);
  // Rows that are merged must know which of the rows before them have come in.
  const own = entity.consolidation?.from === range.sourceTable;
  const transformer = new ChunkTransformer({
    step,
    source,
    database: move.database,
    client,
    references: await move.held.of({ own }),
    decisions: await loadDecisions(client, ref, entity.step, range.sourceTable),
    signal: move.pause,
  });
  const through = await moveRange({
    place: placeOf(step, range),
    source: move.database,
    table: source.table,
    bounds: range,
    early: move.early,
    limit: move.limit,
    prepare: (chunk, tuples) => transformer.prepare(chunk, tuples),
    connect: move.connect,
    pause: move.pause,
    signal: move.signal,
    pace: move.pace,
    onCommit: move.onCommit,
    at: move.at,
  });
  if (!through) return false;
  await client.query(
    `update migration.ranges set done_at = now() where run = $1 and step = $2 and source_table = $3 and range = $4`,
    [ref.run, entity.step, range.sourceTable, range.range],
  );
  await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [rangeLock(placeOf(step, range))]);
  return true;
}

function sourceOf({ entity, sources }: Step, { sourceTable }: Range): StepSource {
  const source = sources.find(({ plan }) => plan.table === sourceTable);
  if (!source) throw new Error(`the plan of ${entity.step} has no source ${sourceTable}`);
  return source;
}

function placeOf({ ref, entity }: Step, { sourceTable, range }: Range) {
  return { run: ref.run, step: entity.step, sourceTable, targetTable: entity.table, range };
}

/**
 * The next range that nobody works on. `wait`: others are at the last ones, or at those that must be in before the rest
 * (rows that others are merged into come before these). `held`: one that this session works on, whose lock it would get
 * once more.
 */
async function claimRange(client: Client, step: Step, held?: Range): Promise<Range | 'wait' | 'none'> {
  const { rows } = await client.query<Range>(
    `select source_table as "sourceTable", range, rows::float8 as rows, lower, upper from migration.ranges
     where run = $1 and step = $2 and done_at is null order by range`,
    [step.ref.run, step.entity.step],
  );
  if (rows.length === 0) return 'none';
  const { consolidation } = step.entity;
  const hostsLeft = rows.some((range) => range.sourceTable === consolidation?.into);
  for (const range of rows) {
    if (range.range === held?.range || (hostsLeft && range.sourceTable === consolidation?.from)) continue;
    const { rows: locks } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
      [rangeLock({ run: step.ref.run, step: step.entity.step, ...range })],
    );
    if (locks[0]?.locked) return range;
  }
  return 'wait';
}
