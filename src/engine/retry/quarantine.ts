import type { Client } from 'pg';
import type { Step, StepSource } from '../step.js';
import { rejectColumns } from '../target/load-chunk.js';
import type { Reject } from '../target/prepared-chunk.js';
import type { RetryKind } from './retry-range.js';

/** A row in quarantine, by the text and by the columns of its legacy key. */
export interface QuarantinedRow {
  readonly id: string;
  readonly legacyId: string;
  readonly key: readonly string[];
}

export async function countQuarantined(client: Client, { ref, entity }: Step): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `select count(*)::int as rows from migration.rejects where run = $1 and step = $2 and resolved_at is null`,
    [ref.run, entity.step],
  );
  return rows[0]?.rows ?? 0;
}

/**
 * The next rows of a legacy table that are in quarantine, locked until the transaction ends: an attempt beside this one
 * waits, and then finds those that were moved gone from there.
 */
export async function lockQuarantined(
  client: Client,
  { ref, entity }: Step,
  source: StepSource,
  page: { readonly after: string; readonly rows: number },
): Promise<QuarantinedRow[]> {
  const { rows } = await client.query<{ id: string; legacyId: string; original: Original }>(
    `select id, legacy_id as "legacyId", case when $6 then original end as original from migration.rejects
     where run = $1 and step = $2 and source_table = $3 and resolved_at is null and id > $4
     order by id limit $5 for update`,
    [ref.run, entity.step, source.plan.table, page.after, page.rows, source.table.key.length > 1],
  );
  // Keys of several columns may be one as text: such rows do not share a page, where the text tells them apart.
  const seen = new Set<string>();
  const again = rows.findIndex(({ legacyId }) => seen.size === seen.add(legacyId).size);
  return rows
    .slice(0, again === -1 ? rows.length : again)
    .map(({ id, legacyId, original }) => ({ id, legacyId, key: keyOf(source, legacyId, original) }));
}

/** The legacy keys, by column, of rows that have left the quarantine with this chunk. */
export async function keysOfRetried(
  client: Client,
  { ref, entity }: Step,
  source: StepSource,
  chunk: { readonly range: number; readonly chunk: number },
  legacyIds: readonly string[],
): Promise<(readonly string[])[]> {
  if (source.table.key.length === 1) return legacyIds.map((id) => [id]);
  // Keys of several columns may be one as text: the row that left at the time of the chunk is the one that is meant.
  const { rows } = await client.query<{ legacyId: string; original: Original }>(
    `select distinct on (q.legacy_id) q.legacy_id as "legacyId", q.original
     from migration.rejects q
     join migration.chunks c on c.run = q.run and c.step = q.step and c.source_table = q.source_table
     where q.run = $1 and q.step = $2 and q.source_table = $3 and q.legacy_id = any($4) and c.range = $5 and c.chunk = $6
     order by q.legacy_id, (q.resolved_at = c.committed_at) desc nulls last, q.id desc`,
    [ref.run, entity.step, source.plan.table, legacyIds, chunk.range, chunk.chunk],
  );
  return rows.map(({ legacyId, original }) => keyOf(source, legacyId, original));
}

type Original = Readonly<Record<string, string | null>> | null;

/** Of several key columns the text does not tell where one ends: the original does. */
function keyOf({ table }: StepSource, legacyId: string, original: Original): string[] {
  if (table.key.length === 1) return [legacyId];
  return table.key.map((column) => {
    const text = original?.[column];
    if (text === null || text === undefined)
      throw new Error(`the quarantine does not tell the key ${column} of a row of ${table.name}`);
    return text;
  });
}

/** How rows leave the quarantine, as `rejects.resolution` says it. */
const resolutions: Readonly<Record<RetryKind, string>> = {
  retry: 'moved again',
  'coerced-retry': 'moved again with wider coercions',
};

/** SQL that is true of a reject whose row a retry has moved. */
export const hasMovedAgain = `resolution like '${resolutions.retry}%'`;

/** Rows that have moved leave the quarantine; their originals stay. */
export async function leaveQuarantine(client: Client, ids: readonly string[], how: RetryKind): Promise<void> {
  await client.query(
    'update migration.rejects set resolved_at = now(), resolution = $2 where id = any($1::bigint[])',
    [ids, resolutions[how]],
  );
}

/** Rows that still do not pass keep their one place, with what is wrong with them now. */
export async function renewReasons(
  client: Client,
  rejects: readonly (Reject & { readonly id: string })[],
): Promise<void> {
  if (rejects.length === 0) return;
  const rows = rejects.map((reject) => ({ id: reject.id, ...rejectColumns(reject) }));
  await client.query(
    `update migration.rejects q set code = r.code, codes = r.codes, column_name = r.column_name, reason = r.reason
     from jsonb_to_recordset($1::jsonb) as r(id bigint, code text, codes text[], column_name text, reason text)
     where q.id = r.id`,
    [JSON.stringify(rows)],
  );
}
