import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { RunRef } from '../../contract/outline.js';
import type { RowCounts } from '../../contract/status.js';
import type { PassPoint } from '../../observe/fault-point.js';
import type { Entity } from '../../plan/model.js';
import { quoteTable } from '../../store/quote.js';
import { stepCounts } from '../../store/runs.js';
import { inTransaction } from '../../store/transaction.js';
import { hasMovedAgain } from '../retry/quarantine.js';
import { forgetRebuilt, rebuildObjects } from '../target/deferred-objects.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import { explainRefusal, refuseToCarry } from './built-upon.js';
import { changedInChunk, changedParent, refuseChanged, type ChangedSql } from './changed-rows.js';
import { cutOwnLinks } from './cut-own-links.js';
import { foreignKeysTo, type ForeignKeyTo } from './foreign-keys-to.js';
import { forgetCompletion, forgetStep } from './forget-step.js';
import { withRangesLocked } from './lock-ranges.js';
import {
  parentsOfStep,
  rowsOfChunk,
  rowsOfStep,
  statement,
  type Bind,
  type ChunkOfStep,
  type RowsThatGo,
} from './rows-that-go.js';

type Counts = RowCounts & { readonly warnings: number };

export interface UndoOptions {
  /** rows that others have changed since go too; else the first chunk that has one stays, and is told */
  readonly changedToo: boolean;
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
 * rows that would go: none of these is deleted or changed, by whatever foreign key. And at a row of the run that others
 * have changed, unless `changedToo`. What was taken back before stays so; the rest can be moved again.
 */
export async function undoStep(
  client: Client,
  ref: RunRef,
  entity: Entity,
  options: UndoOptions,
): Promise<Counts & { done: boolean }> {
  const target = await describeTarget(client, entity.table);
  const before = await stepCounts(client, ref.run, entity.step);
  if (!target && before.migrated > 0)
    throw new MigrationError('ERR_010', `The target has no table ${entity.table} any more.`, {
      next: 'Roll back from the backup of the run, or restore that table, then retry.',
      place: { server: 'target', table: entity.table },
    });
  const done = await withRangesLocked(client, ref.run, entity.step, async () => {
    if (target && !(await takeBackChunks(client, ref, entity, target, options))) return false;
    await takeBackRest(client, ref, entity, options);
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
  options: UndoOptions,
): Promise<boolean> {
  const { pause, signal, progress, at } = options;
  if (pause.aborted) return false;
  await inTransaction(client, () => forgetCompletion(client, ref, entity));
  const keys = await foreignKeysTo(client, entity.table);
  if (!(await cutOwnLinks(client, ref, entity.step, target, keys, options))) return false;
  const left = await stepCounts(client, ref.run, entity.step);
  const of = left.migrated;
  const step: UndoneStep = { ref, entity, keys, own: rowsOfStep(target, ref.run, entity.step) };
  for (;;) {
    signal.throwIfAborted();
    if (pause.aborted) return false;
    const chunk = await explainRefusal(client, [step.own], () =>
      inTransaction(client, async () => {
        const last = await takeBackLastChunk(client, step, options);
        if (last) at?.('in-undo');
        return last;
      }),
    );
    if (!chunk) return true;
    at?.('undo-chunk-done');
    for (const figure of ['read', 'migrated', 'merged', 'rejected', 'warnings'] as const)
      left[figure] -= chunk[figure];
    progress({ done: of - left.migrated, of, counts: { ...left } });
  }
}

interface UndoneStep {
  readonly ref: RunRef;
  readonly entity: Entity;
  /** foreign keys to its table */
  readonly keys: readonly ForeignKeyTo[];
  /** all that it has moved */
  readonly own: RowsThatGo;
}

/** Rows with notes by the place of their chunk, and what they call its legacy table. */
const notesOfChunk = {
  lineage: 'source_table',
  merges: 'legacy_table',
  warnings: 'legacy_table',
  links: 'legacy_table',
  chunks: 'source_table',
};

/** The chunk that was taken back; undefined when none is left. */
async function takeBackLastChunk(
  client: Client,
  { ref, entity, keys, own }: UndoneStep,
  { changedToo }: UndoOptions,
): Promise<Counts | undefined> {
  const { rows } = await client.query<ChunkOfStep & Counts & { kind: string }>(
    `select source_table as source, range, chunk, read, migrated, merged, rejected, warnings, xids, r.kind
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where run = $1 and step = $2
     order by source_table desc, range desc, chunk desc limit 1 for update of c`,
    [ref.run, entity.step],
  );
  const last = rows[0];
  if (!last) return undefined;
  const changed = changedToo ? undefined : changedInChunk(ref.run, entity.step, last.xids);
  await deleteRows(client, rowsOfChunk(own.target, ref.run, entity.step, last), { keys, own, changed });
  const place = [ref.run, entity.step, last.source, last.range, last.chunk];
  if (last.kind !== 'key') await requarantine(client, place, own.target);
  for (const [table, source] of Object.entries(notesOfChunk))
    await client.query(
      `delete from migration.${table} where run = $1 and step = $2 and ${source} = $3 and range = $4 and chunk = $5`,
      place,
    );
  await client.query(
    `update migration.rejects set resolved_at = coalesce(resolved_at, now()), resolution = coalesce(resolution, 'rolled back')
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
    place,
  );
  return last;
}

/**
 * Rows that a retry had moved, or made part of others, are in the quarantine again, where the chunks that have read them
 * put them: those that left it with this chunk, at its time.
 */
async function requarantine(
  client: Client,
  place: readonly unknown[],
  { keyKind }: TargetTable,
): Promise<void> {
  await client.query(
    `update migration.rejects r set resolved_at = null, resolution = null
     from (
       select unnest(coalesce(legacy_keys, ${lineageColumn[keyKind]}::text[])) as legacy_id from migration.lineage
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5
       union all
       select legacy_id from migration.merges
       where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5
     ) k
     where r.run = $1 and r.step = $2 and r.source_table = $3 and r.legacy_id = k.legacy_id and ${hasMovedAgain}
       and r.resolved_at = (
         select committed_at from migration.chunks
         where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5
       )`,
    [...place],
  );
}

/** The parents that the step made, and what is noted of it. */
async function takeBackRest(
  client: Client,
  ref: RunRef,
  entity: Entity,
  { changedToo }: UndoOptions,
): Promise<void> {
  const parents = await parentsOfStep(client, ref.run, entity.step);
  await explainRefusal(client, parents, () =>
    inTransaction(client, async () => {
      for (const own of parents) {
        const keys = await foreignKeysTo(client, own.target.name);
        const changed = changedToo ? undefined : changedParent(ref.run, own.target);
        await deleteRows(client, own, { keys, own, changed });
      }
      await forgetStep(client, ref, entity);
    }),
  );
}

/** @param changed rows of which this is true must not go: then it throws, and the transaction must not be committed */
async function deleteRows(
  client: Client,
  going: RowsThatGo,
  by: {
    readonly keys: readonly ForeignKeyTo[];
    readonly own: RowsThatGo;
    readonly changed: ChangedSql | undefined;
  },
): Promise<void> {
  await refuseToCarry(client, going, by.keys, by.own);
  const { name } = going.target;
  const deletion = (bind: Bind) => `
    delete from ${quoteTable(name)} t using (${going.keys(bind)}) k where ${matchesKey(going.target, 't', 'k.key')}`;
  if (!by.changed) await client.query(statement(deletion));
  else
    // What others change at this moment is waited for, and then looked at as they have left it.
    await refuseChanged(client, name, (bind) => `${deletion(bind)} returning k.key, t.xmin`, by.changed);
}
