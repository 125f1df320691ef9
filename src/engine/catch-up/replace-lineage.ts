import type { Client } from 'pg';
import type { Step } from '../step.js';
import { lineageColumn } from '../target/key-match.js';
import { placeKey } from '../target/load-chunk.js';
import type { Reject } from '../target/prepared-chunk.js';
import { legacyIdsOf } from '../verify/comparison.js';
import type { ChangedChunk, LeftRow } from './changes.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';

export interface LineageEntry {
  readonly legacyId: string;
  readonly targetId: string;
  readonly kept: string | null;
}

/** In the order of the source; rows that are left although their source is gone come last. */
export function lineageOf(
  { expected, rows }: ChangedChunk,
  left: ReadonlyMap<string, LeftRow>,
  refused: ReadonlyMap<string, Reject>,
): LineageEntry[] {
  const ids = [...expected.targetKeys.texts()];
  const entries: LineageEntry[] = [];
  const listed = new Set<string>();
  for (const [tuple, legacyId] of legacyIdsOf(expected).entries()) {
    const targetId = ids[tuple] as string;
    const stays = left.get(legacyId);
    if (refused.has(legacyId) || (stays && stays.targetId !== targetId)) continue;
    entries.push({ legacyId, targetId, kept: expected.kept?.[tuple] ?? null });
    listed.add(legacyId);
  }
  for (const { legacyId, targetId } of rows)
    if (left.has(legacyId) && !listed.has(legacyId)) entries.push({ legacyId, targetId, kept: null });
  return entries;
}

/** In the open transaction. */
export async function replaceLineage(
  client: Client,
  step: Step,
  chunk: StoredChunk,
  entries: readonly LineageEntry[],
): Promise<void> {
  const place = placeKey(placeOf(step, chunk));
  const { keyKind } = step.target;
  await client.query(
    `delete from migration.lineage where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
    place,
  );
  if (entries.length === 0) return;
  const tells = entries.every(({ legacyId, targetId }) => legacyId === targetId);
  const keeps = entries.some(({ kept }) => kept !== null);
  await client.query(
    `insert into migration.lineage (run, step, source_table, range, chunk, target_table, ${lineageColumn[keyKind]}, legacy_keys, kept)
     values ($1, $2, $3, $4, $5, $6, $7::${keyKind}[], $8, $9::jsonb[])`,
    [
      ...place,
      step.entity.table,
      entries.map(({ targetId }) => targetId),
      tells ? null : entries.map(({ legacyId }) => legacyId),
      keeps ? entries.map(({ kept }) => kept) : null,
    ],
  );
}
