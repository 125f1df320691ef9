import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { RunRef } from '../../contract/outline.js';
import type { RowCounts } from '../../contract/status.js';
import type { PassPoint } from '../../observe/fault-point.js';
import type { Entity } from '../../plan/model.js';
import { stepCounts } from '../../store/runs.js';
import { quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { forgetRebuilt, rebuildObjects } from '../target/deferred-objects.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import { explainRefusal, refuseToCarry } from './built-upon.js';
import { cutOwnLinks } from './cut-own-links.js';
import { foreignKeysTo, type ForeignKeyTo } from './foreign-keys-to.js';
import { forgetCompletion, forgetStep } from './forget-step.js';
import { withRangesLocked } from './lock-ranges.js';
import {
  parentsOfStep,
  rowsOfChunk,
  rowsOfStep,
  statement,
  type ChunkOfStep,
  type RowsThatGo,
} from './rows-that-go.js';

type Counts = RowCounts & { readonly warnings: number };

export interface UndoWatch {
  /** ends the undo after the chunk in hand */
  readonly pause: AbortSignal;
  /** drops the chunk in hand; aborts no earlier than `pause` */
  readonly signal: AbortSignal;
  /** rows taken back by this call, of those that there were; and the figures that are left */
  readonly progress: (report: { done: number; of: number; counts: Counts }) => void;
  readonly at?: PassPoint | undefined;
}

/**
 * Takes back what a step has put into the target: exactly the rows of its lineage, the last chunk first, one
 * transaction a chunk, so that a crash repeats one chunk at most; then the parents it made, and the indexes it took off.
 * Rejects stay in the quarantine, marked as rolled back. Called again, it goes on, or finds nothing left to do.
 *
 * The answer has the figures that are left; not `done` when it was paused. Throws ERR_010 when rows that stay refer to
 * rows that would go: none of these is deleted or changed, by whatever foreign key.
 */
export async function undoStep(
  client: Client,
  ref: RunRef,
  entity: Entity,
  watch: UndoWatch,
): Promise<Counts & { done: boolean }> {
  const target = await describeTarget(client, entity.table);
  const before = await stepCounts(client, ref.run, entity.step);
  if (!target && before.migrated > 0)
    throw new MigrationError('ERR_010', `The target has no table ${entity.table} any more.`, {
      next: 'Roll back from the backup of the run, or restore that table, then retry.',
      place: { server: 'target', table: entity.table },
    });
  const done = await withRangesLocked(client, ref.run, entity.step, async () => {
    if (target && !(await takeBackChunks(client, ref, entity, target, before, watch))) return false;
    await takeBackRest(client, ref, entity);
    if (!target) return true;
    // Rows are gone, so this is quick; and the table must be what it was, not only its rows.
    await rebuildObjects(client, ref.run, entity.table, () => undefined);
    await forgetRebuilt(client, ref.run, entity.table);
    return true;
  });
  return { ...(await stepCounts(client, ref.run, entity.step)), done };
}

/** False when it was paused before the last one. */
async function takeBackChunks(
  client: Client,
  ref: RunRef,
  entity: Entity,
  target: TargetTable,
  before: Counts,
  watch: UndoWatch,
): Promise<boolean> {
  const { pause, signal, progress, at } = watch;
  if (pause.aborted) return false;
  await inTransaction(client, () => forgetCompletion(client, ref, entity));
  const keys = await foreignKeysTo(client, entity.table);
  if (!(await cutOwnLinks(client, ref, entity.step, target, keys, pause))) return false;
  const left = { ...before };
  const own = rowsOfStep(target, ref.run, entity.step);
  for (;;) {
    signal.throwIfAborted();
    if (pause.aborted) return false;
    const chunk = await explainRefusal(client, [own], () =>
      inTransaction(client, async () => {
        const last = await takeBackLastChunk(client, ref, entity, keys, own);
        if (last) at?.('in-undo');
        return last;
      }),
    );
    if (!chunk) return true;
    at?.('undo-chunk-done');
    for (const figure of ['read', 'migrated', 'merged', 'rejected'] as const) left[figure] -= chunk[figure];
    progress({ done: before.migrated - left.migrated, of: before.migrated, counts: { ...left } });
  }
}

/** The chunk that was taken back; undefined when none is left. */
async function takeBackLastChunk(
  client: Client,
  ref: RunRef,
  entity: Entity,
  keys: readonly ForeignKeyTo[],
  own: RowsThatGo,
): Promise<RowCounts | undefined> {
  const { rows } = await client.query<ChunkOfStep & RowCounts & { kind: string }>(
    `select source_table as source, range, chunk, read, migrated, merged, rejected, r.kind
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where run = $1 and step = $2
     order by source_table desc, range desc, chunk desc limit 1 for update of c`,
    [ref.run, entity.step],
  );
  const last = rows[0];
  if (!last) return undefined;
  await deleteRows(client, rowsOfChunk(own.target, ref.run, entity.step, last), keys, own);
  const place = [ref.run, entity.step, last.source, last.range, last.chunk];
  const condition = 'run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5';
  if (last.kind !== 'key') await requarantine(client, place, condition, own.target);
  await client.query(`delete from migration.lineage where ${condition}`, place);
  await client.query(`delete from migration.chunks where ${condition}`, place);
  await client.query(
    `update migration.rejects set resolved_at = coalesce(resolved_at, now()), resolution = coalesce(resolution, 'rolled back')
     where ${condition}`,
    place,
  );
  return last;
}

/** Rows that a retry had moved are in the quarantine again, where the chunks that have read them put them. */
async function requarantine(
  client: Client,
  place: readonly unknown[],
  condition: string,
  { keyKind }: TargetTable,
): Promise<void> {
  await client.query(
    `update migration.rejects r set resolved_at = null, resolution = null
     from (
       select unnest(coalesce(legacy_keys, ${lineageColumn[keyKind]}::text[])) as legacy_id
       from migration.lineage where ${condition}
     ) k
     where r.run = $1 and r.step = $2 and r.source_table = $3 and r.legacy_id = k.legacy_id`,
    [...place],
  );
}

/** The parents that the step made, and what is noted of it. */
async function takeBackRest(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const parents = await parentsOfStep(client, ref.run, entity.step);
  await explainRefusal(client, parents, () =>
    inTransaction(client, async () => {
      for (const rows of parents)
        await deleteRows(client, rows, await foreignKeysTo(client, rows.target.name), rows);
      await forgetStep(client, ref, entity);
    }),
  );
}

async function deleteRows(
  client: Client,
  going: RowsThatGo,
  keys: readonly ForeignKeyTo[],
  own: RowsThatGo,
): Promise<void> {
  await refuseToCarry(client, going, keys, own);
  await client.query(
    statement(
      (bind) =>
        `delete from ${quoteTable(going.target.name)} t using (${going.keys(bind)}) k
         where ${matchesKey(going.target, 't', 'k.key')}`,
    ),
  );
}
