/** What the run's own tables tell about one row. */
import type { Client } from 'pg';
import type { Warning } from '../transform/types.js';
import { iso, type Place } from './find-rows.js';
import type { TracedChunk, TracedRow } from './types.js';

interface OfRow {
  readonly run: string;
  readonly step: string;
  readonly table: string;
  readonly legacyId: string;
}

const inChunk = 'run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5';

export async function readChunk(client: Client, place: Place): Promise<TracedChunk | null> {
  const { rows } = await client.query<TracedChunk>(
    `select source_table as "sourceTable", range, chunk, r.kind, first_key as "firstKey", last_key as "lastKey",
       ${iso('committed_at')} as "committedAt", ${iso('c.verified_at')} as "verifiedAt", differences
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where ${inChunk}`,
    [place.run, place.step, place.sourceTable, place.range, place.chunk],
  );
  return rows[0] ?? null;
}

/** Those of its chunk, and those of the completion of its step. */
export async function readWarnings(
  client: Client,
  row: OfRow,
  place: Pick<Place, 'range' | 'chunk'> | null,
): Promise<Warning[]> {
  const { rows } = await client.query<Warning>(
    `select column_name as column, reason from migration.warnings
     where run = $1 and step = $2 and legacy_table = $3 and legacy_id = $4
       and (range is null or (range = $5 and chunk = $6))
     order by column_name, reason`,
    [row.run, row.step, row.table, row.legacyId, place?.range ?? null, place?.chunk ?? null],
  );
  return rows;
}

export async function readDifferences(
  client: Client,
  row: OfRow,
  targetId: string | null,
): Promise<TracedRow['differences']> {
  const { rows } = await client.query<TracedRow['differences'][number]>(
    `select column_name as column, kind, what from migration.differences
     where run = $1 and step = $2
       and ((legacy_table = $3 and legacy_id = $4) or target_id = $5)
     order by column_name nulls first`,
    [row.run, row.step, row.table, row.legacyId, targetId],
  );
  return rows;
}

/** Whether a version of a row was written by none of the run's transactions; null: the chunk has not noted its own. */
export async function changedByOthers(client: Client, place: Place, xmin: bigint): Promise<boolean | null> {
  const { rows } = await client.query<{ changed: boolean | null }>(
    `select $6::bigint <> all (xids) and $6::bigint not in (
         select xid from migration.own_writes where run = $1 and step = $2) as changed
     from migration.chunks where ${inChunk}`,
    [place.run, place.step, place.sourceTable, place.range, place.chunk, xmin],
  );
  return rows[0]?.changed ?? null;
}

/** The same of a parent, which was entered in the transaction that made it. */
export async function parentChangedByOthers(
  client: Client,
  run: string,
  table: string,
  targetId: string,
  xmin: bigint,
): Promise<boolean | null> {
  const { rows } = await client.query<{ changed: boolean }>(
    `select xmin::text::bigint <> $4::bigint as changed from migration.ensured
     where run = $1 and target_table = $2 and target_id = $3`,
    [run, table, targetId, xmin],
  );
  return rows[0]?.changed ?? null;
}

/** Columns of the row whose references to rows of the same step wait for the step's completion. */
export async function readPendingLinks(client: Client, row: OfRow): Promise<Set<string>> {
  const { rows } = await client.query<{ column: string }>(
    `select column_name as column from migration.links
     where run = $1 and step = $2 and legacy_table = $3 and legacy_id = $4 and resolved is null`,
    [row.run, row.step, row.table, row.legacyId],
  );
  return new Set(rows.map(({ column }) => column));
}
