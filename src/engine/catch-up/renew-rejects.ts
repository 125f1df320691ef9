import type { Client } from 'pg';
import { hasMovedAgain } from '../retry/quarantine.js';
import { placeKey, rejectColumns, writeRejects } from '../target/load-chunk.js';
import type { ChunkPlace, Reject } from '../target/prepared-chunk.js';
import type { StoredReject } from './stored-notes.js';

/**
 * The quarantine of a chunk as it is now, in the open transaction: rows that are still rejected keep their place, with
 * what is wrong with them now and how they are now; those that pass, or that the source has no more, are in it no longer.
 */
export async function replaceRejects(
  client: Client,
  place: ChunkPlace,
  before: readonly StoredReject[],
  now: readonly Reject[],
): Promise<void> {
  const known = new Set(before.map((reject) => reject.legacy_id));
  const wanted = new Set(now.map((reject) => reject.legacyId));
  await client.query(
    `delete from migration.rejects
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5 and resolved_at is null
       and legacy_id = any($6)`,
    [...placeKey(place), [...known].filter((id) => !wanted.has(id))],
  );
  await renew(
    client,
    place,
    'q.range = $4 and q.chunk = $5 and q.resolved_at is null',
    now.filter((reject) => known.has(reject.legacyId)),
  );
  await writeRejects(
    client,
    place,
    now.filter((reject) => !known.has(reject.legacyId)),
  );
}

/**
 * Rows that had left the quarantine with a chunk: those that do not pass any more are in it again, where the chunks that
 * have read them put them; what is noted of those that the source has no more goes.
 */
export async function returnToQuarantine(
  client: Client,
  place: ChunkPlace,
  rejects: readonly Reject[],
  gone: readonly string[],
): Promise<void> {
  if (gone.length > 0)
    await client.query(
      `delete from migration.rejects
       where run = $1 and step = $2 and source_table = $3 and legacy_id = any($4) and ${hasMovedAgain}`,
      [place.run, place.step, place.sourceTable, gone],
    );
  await renew(client, place, `q.${hasMovedAgain} and $4::int is not null and $5::int is not null`, rejects);
}

async function renew(
  client: Client,
  place: ChunkPlace,
  where: string,
  rejects: readonly Reject[],
): Promise<void> {
  if (rejects.length === 0) return;
  const rows = rejects.map((reject) => ({ ...rejectColumns(reject), original: reject.original }));
  await client.query(
    `update migration.rejects q set code = r.code, codes = r.codes, column_name = r.column_name, reason = r.reason,
       original = r.original, resolved_at = null, resolution = null
     from jsonb_to_recordset($6::jsonb)
       as r(legacy_id text, code text, codes text[], column_name text, reason text, original jsonb)
     where q.run = $1 and q.step = $2 and q.source_table = $3 and q.legacy_id = r.legacy_id and ${where}
       and (q.code, q.codes, q.column_name, q.reason, q.original, q.resolved_at is null)
         is distinct from (r.code, r.codes, r.column_name, r.reason, r.original, true)`,
    [...placeKey(place), JSON.stringify(rows)],
  );
}
