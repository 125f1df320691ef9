import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import type { Entity } from '../../plan/model.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { rangeLock, type RangePlace } from '../../store/chunks.js';
import { inTransaction } from '../../store/transaction.js';
import { matchesKey } from '../target/key-match.js';
import type { TargetTable } from '../target/describe-target.js';
import { rebuildObjects } from '../target/deferred-objects.js';

const keyArray = { uuid: 'target_uuids', bigint: 'target_bigints', text: 'target_texts' } as const;

/** What a chunk left in the run's own tables, in the order in which it may go. */
const chunkTables = ['lineage', 'chunks'] as const;

/**
 * Takes back what a step has put into the target: exactly the rows of its lineage, the last chunk first, one
 * transaction a chunk, so that a crash repeats one chunk at most; then the parents it made, and the indexes it took off.
 * Rejects stay in the quarantine, marked as rolled back. Called again, it finds nothing left to do.
 */
export async function undoStep(
  client: Client,
  ref: RunRef,
  entity: Entity,
  target: TargetTable,
  options: { signal: AbortSignal; progress: (rows: number) => void },
): Promise<number> {
  let undone = 0;
  await waitForMovers(client, ref, entity);
  for (;;) {
    options.signal.throwIfAborted();
    const rows = await inTransaction(client, () => undoLastChunk(client, ref, entity, target));
    if (rows === undefined) break;
    undone += rows;
    options.progress(undone);
  }
  await inTransaction(client, () => undoRest(client, ref, entity));
  // Rows are gone, so this is quick; and the table must be what it was, not only its rows.
  await rebuildObjects(client, ref.run, entity.table, () => options.progress(undone));
  return undone;
}

/** Whoever still moves a range of the step holds its lock: nothing may come in behind what is taken back. */
async function waitForMovers(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const { rows } = await client.query<RangePlace>(
    `select run, step, source_table as "sourceTable", range from migration.ranges where run = $1 and step = $2 order by range`,
    [ref.run, entity.step],
  );
  for (const range of rows)
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [rangeLock(range)]);
}

/** Rows deleted; undefined when no chunk is left. */
async function undoLastChunk(
  client: Client,
  ref: RunRef,
  entity: Entity,
  target: TargetTable,
): Promise<number | undefined> {
  const { rows } = await client.query<{ source: string; range: number; chunk: number }>(
    `select source_table as source, range, chunk from migration.chunks where run = $1 and step = $2
     order by range desc, chunk desc limit 1 for update`,
    [ref.run, entity.step],
  );
  const last = rows[0];
  if (!last) return undefined;
  const place = [ref.run, entity.step, last.source, last.range, last.chunk];
  const condition = 'run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5';
  const { rowCount } = await client.query(
    `delete from ${quoteTable(entity.table)} t
     using (select unnest(${keyArray[target.keyKind]}) as key from migration.lineage where ${condition}) k
     where ${matchesKey(target, 't', 'k.key')}`,
    place,
  );
  for (const table of chunkTables)
    await client.query(`delete from migration.${quoteIdent(table)} where ${condition}`, place);
  await client.query(
    `update migration.rejects set resolved_at = coalesce(resolved_at, now()), resolution = coalesce(resolution, 'rolled back')
     where ${condition}`,
    place,
  );
  return rowCount ?? 0;
}

async function undoRest(client: Client, ref: RunRef, entity: Entity): Promise<void> {
  const step = [ref.run, entity.step];
  const { rows } = await client.query<{ table: string; ids: string[] }>(
    `select target_table as table, array_agg(target_id) as ids from migration.ensured
     where run = $1 and step = $2 group by 1`,
    step,
  );
  for (const { table, ids } of rows) {
    const key = await client.query<{ name: string }>(
      `select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indrelid = to_regclass($1) and i.indisprimary`,
      [quoteTable(table)],
    );
    const column = quoteIdent(key.rows[0]?.name ?? 'id');
    await client.query(`delete from ${quoteTable(table)} where ${column}::text = any($1::text[])`, [ids]);
  }
  for (const table of ['ensured', 'links', 'merges', 'warnings', 'decisions', 'ranges'])
    await client.query(`delete from migration.${quoteIdent(table)} where run = $1 and step = $2`, step);
  await client.query('delete from migration.checkpoints where run = $1 and name = $2', [
    ref.run,
    `${entity.table}_completed`,
  ]);
  await client.query(
    `update migration.step_states set state = 'rolled-back', source = null, before = null, differences = null, ended_at = now()
     where run = $1 and step = $2`,
    step,
  );
}
