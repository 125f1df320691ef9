import type { Client } from 'pg';
import { quoteTable } from '../../store/quote.js';
import { hasMovedAgain } from '../retry/quarantine.js';
import type { RangeKind } from '../retry/retry-range.js';
import type { Step } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';

/** A row of the step in the target, by the chunk that brought it in. */
export interface OwnedRow {
  readonly key: string;
  readonly legacyId: string;
  readonly sourceTable: string;
  readonly kind: RangeKind;
  readonly range: number;
  readonly chunk: number;
  readonly xids: string[] | null;
}

/** Which of the rows with these keys are the step's own. */
export async function ownersOf(
  client: Client,
  { ref, entity, target }: Step,
  keys: readonly string[],
): Promise<OwnedRow[]> {
  if (keys.length === 0) return [];
  const { rows } = await client.query<OwnedRow>(
    `select k.target::text as key, coalesce(k.legacy, k.target::text) as "legacyId", l.source_table as "sourceTable",
       r.kind, l.range, l.chunk, c.xids
     from migration.lineage l
     join migration.ranges r using (run, step, source_table, range)
     join migration.chunks c using (run, step, source_table, range, chunk)
     cross join lateral unnest(l.${lineageColumn[target.keyKind]}, l.legacy_keys) k(target, legacy)
     where l.run = $1 and l.step = $2 and k.target::text = any($3)`,
    [ref.run, entity.step, keys],
  );
  return rows;
}

/**
 * Takes rows out of the target, and out of chunks that are yet to be caught up, because rows before them are to have
 * their keys: in the open transaction. Their chunks count them as not read until it is their turn; rows that had left the
 * quarantine are in it again.
 */
export async function displace(client: Client, step: Step, rows: readonly OwnedRow[]): Promise<void> {
  await deleteRows(
    client,
    step,
    rows.map((row) => row.key),
  );
  for (const row of rows) await forget(client, step, row);
}

async function forget(client: Client, { ref, entity, target }: Step, row: OwnedRow): Promise<void> {
  const place = [ref.run, entity.step, row.sourceTable, row.range, row.chunk];
  const where = 'run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5';
  const column = lineageColumn[target.keyKind];
  await client.query(
    `update migration.lineage l set ${column} = left_over.targets,
       legacy_keys = case when l.legacy_keys is not null then left_over.legacy end,
       kept = case when l.kept is not null then left_over.kept end
     from (
       select array_agg(k.target order by k.n) as targets, array_agg(k.legacy order by k.n) as legacy,
         array_agg(k.kept order by k.n) as kept
       from migration.lineage
       cross join lateral unnest(${column}, legacy_keys, kept) with ordinality k(target, legacy, kept, n)
       where ${where} and k.target::text <> $6
     ) left_over
     where ${where} and left_over.targets is not null`,
    [...place, row.key],
  );
  await client.query(
    `delete from migration.lineage where ${where} and cardinality(${column}) = 1 and (${column})[1]::text = $6`,
    [...place, row.key],
  );
  await client.query(
    `update migration.chunks set migrated = migrated - 1, ${row.kind === 'key' ? 'read = read - 1' : 'rejected = rejected + 1'}
     where ${where}`,
    place,
  );
  for (const table of ['warnings', 'links'])
    await client.query(
      `delete from migration.${table}
       where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5 and legacy_id = $6`,
      [...place, row.legacyId],
    );
  if (row.kind !== 'key')
    await client.query(
      `update migration.rejects set resolved_at = null, resolution = null
       where run = $1 and step = $2 and source_table = $3 and legacy_id = $4 and ${hasMovedAgain}`,
      [ref.run, entity.step, row.sourceTable, row.legacyId],
    );
}

/** In the open transaction. */
export async function deleteRows(client: Client, { target }: Step, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await client.query(
    `delete from ${quoteTable(target.name)} t using unnest($1::${target.keyKind}[]) k(key)
     where ${matchesKey(target, 't', 'k.key')}`,
    [keys],
  );
}
