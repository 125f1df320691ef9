import type { Client } from 'pg';
import type { RangeKind } from '../retry/retry-range.js';
import type { Step, StepSource } from '../step.js';
import type { ChunkPlace } from '../target/prepared-chunk.js';

/** A chunk that is in, as its watermark says. The numbers behind one that is split move on. */
export interface StoredChunk {
  readonly sourceTable: string;
  readonly kind: RangeKind;
  /** references are those of now */
  readonly knownBefore: null;
  readonly range: number;
  chunk: number;
  /** the last key of the chunk before; null: from the beginning */
  after: string[] | null;
  lastKey: string[];
  read: number;
  migrated: number;
  merged: number;
  rejected: number;
  /** over the rows read, or over the rows migrated where these have left the quarantine */
  checksum: string;
  /** transactions that have written its rows; null: not noted */
  readonly xids: string[] | null;
  /** found by a verification */
  readonly differences: number | null;
}

/** The chunks of a legacy table: those of rows that have left the quarantine first, then the others in key order. */
export async function storedChunks(
  client: Client,
  { ref, entity }: Step,
  source: StepSource,
): Promise<StoredChunk[]> {
  const { rows } = await client.query<StoredChunk>(
    `select c.source_table as "sourceTable", r.kind, null as "knownBefore", c.range, c.chunk,
       coalesce(lag(c.last_key) over (partition by c.range order by c.chunk), r.lower) as after,
       c.last_key as "lastKey", c.read, c.migrated, c.merged, c.rejected, c.checksum, c.xids, c.differences
     from migration.chunks c join migration.ranges r using (run, step, source_table, range)
     where c.run = $1 and c.step = $2 and c.source_table = $3
     order by r.kind = 'key', c.range, c.chunk`,
    [ref.run, entity.step, source.plan.table],
  );
  return rows;
}

export interface KeyRange {
  readonly range: number;
  readonly lower: string[] | null;
  readonly upper: string[] | null;
}

/** The key ranges of a legacy table, in their order. */
export async function keyRanges(
  client: Client,
  { ref, entity }: Step,
  source: StepSource,
): Promise<KeyRange[]> {
  const { rows } = await client.query<KeyRange>(
    `select range, lower, upper from migration.ranges
     where run = $1 and step = $2 and source_table = $3 and kind = 'key' order by range`,
    [ref.run, entity.step, source.plan.table],
  );
  return rows;
}

/** Legacy ids of the rows that a chunk has brought in, or made part of others. */
export async function legacyIdsOfChunk(
  client: Client,
  { ref, entity }: Step,
  { sourceTable, range, chunk }: StoredChunk,
): Promise<string[]> {
  const { rows } = await client.query<{ legacyId: string }>(
    `select coalesce(k.legacy, k.target) as "legacyId"
     from migration.lineage l
     cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
       k(target, legacy)
     where l.run = $1 and l.step = $2 and l.source_table = $3 and l.range = $4 and l.chunk = $5
     union all
     select legacy_id from migration.merges
     where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5`,
    [ref.run, entity.step, sourceTable, range, chunk],
  );
  return rows.map((row) => row.legacyId);
}

/** Legacy ids of rows that have left the quarantine: they belong to the chunks that brought them in. */
export async function retriedRows(
  client: Client,
  { ref, entity }: Step,
  source: StepSource,
): Promise<Set<string>> {
  const { rows } = await client.query<{ legacyId: string }>(
    `select coalesce(k.legacy, k.target) as "legacyId"
     from migration.lineage l join migration.ranges r using (run, step, source_table, range)
     cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
       k(target, legacy)
     where l.run = $1 and l.step = $2 and l.source_table = $3 and r.kind <> 'key'
     union all
     select m.legacy_id from migration.merges m
     join migration.ranges r on (r.run, r.step, r.source_table, r.range) = (m.run, m.step, m.legacy_table, m.range)
     where m.run = $1 and m.step = $2 and m.legacy_table = $3 and r.kind <> 'key'`,
    [ref.run, entity.step, source.plan.table],
  );
  return new Set(rows.map((row) => row.legacyId));
}

export function placeOf(
  { ref, entity }: Step,
  chunk: Pick<StoredChunk, 'sourceTable' | 'range' | 'chunk'>,
): ChunkPlace {
  return {
    run: ref.run,
    step: entity.step,
    targetTable: entity.table,
    sourceTable: chunk.sourceTable,
    range: chunk.range,
    chunk: chunk.chunk,
  };
}
