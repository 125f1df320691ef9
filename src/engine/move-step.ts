import type { Client } from 'pg';
import { ChunkTransformer } from './chunk-transformer.js';
import type { CommittedChunk } from './chunk-size.js';
import { loadDecisions } from './decisions.js';
import type { PassPoint } from '../observe/fault-point.js';
import { rangeLock } from '../store/chunks.js';
import { moveRange, type MovedRows } from './move-range.js';
import type { ChunkLimit, SourceDatabase } from './source/types.js';
import { HeldReferences, type SharedReferences } from './references/shared-references.js';
import type { Step } from './step.js';

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
  try {
    for (;;) {
      move.signal.throwIfAborted();
      const next = await claimRange(client, step);
      if (next === 'none') return true;
      if (move.pause.aborted) return false;
      if (next === 'wait') {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        continue;
      }
      const before = { ...total };
      const through = await moveClaimed(step, next, client, {
        ...move,
        onCommit: (moved, last) => {
          for (const count of Object.keys(total) as (keyof typeof total)[])
            total[count] = before[count] + moved[count];
          return move.onCommit(total, last);
        },
        held: references,
      });
      if (!through) return false;
    }
  } finally {
    references.release();
    await client.end().catch(() => undefined);
  }
}

interface Range {
  readonly sourceTable: string;
  readonly range: number;
  readonly lower: string[] | null;
  readonly upper: string[] | null;
}

async function moveClaimed(
  step: Step,
  range: Range,
  client: Client,
  move: StepMove & { readonly held: HeldReferences },
): Promise<boolean> {
  const { ref, entity } = step;
  const source = step.sources.find(({ plan }) => plan.table === range.sourceTable);
  if (!source) throw new Error(`the plan of ${entity.step} has no source ${range.sourceTable}`);
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
    place: {
      run: ref.run,
      step: entity.step,
      sourceTable: range.sourceTable,
      targetTable: entity.table,
      range: range.range,
    },
    source: move.database,
    table: source.table,
    bounds: range,
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
  await client.query('select pg_advisory_unlock_all()');
  return true;
}

/**
 * The next range that nobody works on. `wait`: others are at the last ones, or at those that must be in before the rest
 * (rows that others are merged into come before these).
 */
async function claimRange(client: Client, step: Step): Promise<Range | 'wait' | 'none'> {
  const { rows } = await client.query<Range>(
    `select source_table as "sourceTable", range, lower, upper from migration.ranges
     where run = $1 and step = $2 and done_at is null order by range`,
    [step.ref.run, step.entity.step],
  );
  if (rows.length === 0) return 'none';
  const { consolidation } = step.entity;
  const hostsLeft = rows.some((range) => range.sourceTable === consolidation?.into);
  for (const range of rows) {
    if (hostsLeft && range.sourceTable === consolidation?.from) continue;
    const { rows: locks } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
      [rangeLock({ run: step.ref.run, step: step.entity.step, ...range })],
    );
    if (locks[0]?.locked) return range;
  }
  return 'wait';
}
