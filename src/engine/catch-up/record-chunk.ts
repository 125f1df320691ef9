import type { Client } from 'pg';
import { quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { matchesKey } from '../target/key-match.js';
import { placeKey } from '../target/load-chunk.js';
import type { PreparedChunk, Reject } from '../target/prepared-chunk.js';
import { legacyIdsOf } from '../verify/comparison.js';
import type { ChangedChunk, LeftRow } from './changes.js';
import { replaceRejects, returnToQuarantine } from './renew-rejects.js';
import { lineageOf, replaceLineage, type LineageEntry } from './replace-lineage.js';
import { replaceNotes } from './replace-notes.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';
import { notesOf, sameNotes } from './stored-notes.js';

/** What has become of a chunk's rows. */
export interface Written {
  /** by legacy id */
  readonly left: ReadonlyMap<string, LeftRow>;
  /** by legacy id */
  readonly refused: ReadonlyMap<string, Reject>;
  /** legacy ids of rows that came in */
  readonly anew: ReadonlySet<string>;
  /** rows of the target have changed */
  readonly touched: boolean;
}

/**
 * Lineage, notes, quarantine and watermark of a chunk as they are now, in the open transaction. Says whether any of it is
 * other than before; if not, nothing is written.
 */
export async function recordChunk(
  client: Client,
  step: Step,
  now: ChangedChunk,
  { left, refused, anew, touched }: Written,
): Promise<boolean> {
  const { chunk, expected, rows, notes } = now;
  const place = placeOf(step, chunk);
  const isKey = chunk.kind === 'key';
  const final = withoutOthers(now, left, refused);
  const entries = lineageOf(now, left, refused);
  const readIds = new Set([
    ...legacyIdsOf(expected),
    ...[...expected.rejects, ...expected.merges].map(({ legacyId }) => legacyId),
  ]);
  const figures = figuresOf(now, final, entries, readIds);
  const sum = now.sumOf(new Set(entries.map(({ legacyId }) => legacyId)));
  // With the checksum of before, what is left stays a drift: it is not that the run has bent it.
  const watermark = { ...figures, checksum: left.size > 0 ? Number(chunk.checksum) : sum.checksum };
  const stale = (['read', 'migrated', 'merged', 'rejected', 'checksum'] as const).some(
    (figure) => Number(chunk[figure]) !== watermark[figure],
  );
  const finalNotes = notesOf(isKey ? final : { ...final, rejects: [] });
  const changed = touched || stale || entries.length !== rows.length || !sameNotes(notes, finalNotes);
  if (!changed) return false;

  await replaceLineage(client, step, chunk, entries);
  await replaceNotes(client, step, now, final, anew);
  if (isKey) await replaceRejects(client, place, notes.rejects, final.rejects);
  else await returnToQuarantine(client, place, final.rejects, goneOf(now, readIds, left));
  if (entries.length + figures.merged === 0 && (!isKey || figures.read === 0))
    await client.query(
      `delete from migration.chunks where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      placeKey(place),
    );
  else {
    // A row that stays although its source is gone stays within the chunk's borders, should it come back.
    const bordered = left.size > 0 ? { ...now, lastKey: null } : now;
    await writeWatermark(client, step, bordered, {
      ...watermark,
      warnings: final.warnings.length,
      bytes: sum.bytes,
    });
  }
  return true;
}

/**
 * Which transactions have written these rows, which the open one has: those of its savepoints bear other numbers. Of a
 * chunk that has not noted who wrote the rows it had before, nothing is noted.
 */
export async function noteTransactions(
  client: Client,
  step: Step,
  chunk: StoredChunk,
  keys: readonly string[],
): Promise<void> {
  const { target } = step;
  if (keys.length === 0 || (chunk.xids === null && chunk.migrated > 0)) return;
  await client.query(
    `update migration.chunks set xids = (
       select array_agg(distinct w.xid) from (
         select unnest(xids) as xid
         union all
         select t.xmin::text::bigint from unnest($6::${target.keyKind}[]) k(key)
         join ${quoteTable(target.name)} t on ${matchesKey(target, 't', 'k.key')}
       ) w
     )
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
    [...placeKey(placeOf(step, chunk)), keys],
  );
}

/** What the chunk would be, but for rows that are left as they were, or refused. */
function withoutOthers(
  { expected, notes }: ChangedChunk,
  left: Written['left'],
  refused: Written['refused'],
): PreparedChunk {
  const isLeft = ({ legacyId }: { readonly legacyId: string }) => left.has(legacyId);
  const isOut = ({ legacyId }: { readonly legacyId: string }) => refused.has(legacyId) || left.has(legacyId);
  return {
    ...expected,
    rejects: [...expected.rejects.filter((reject) => !isLeft(reject)), ...refused.values()],
    merges: expected.merges.filter((merge) => !isLeft(merge)),
    warnings: [
      ...expected.warnings.filter((warning) => !isOut(warning)),
      ...notes.warnings.filter((warning) => isLeft(warning)),
    ],
    links: [...expected.links.filter((link) => !isOut(link)), ...notes.links.filter((link) => isLeft(link))],
  };
}

type Figures = Readonly<Record<'read' | 'migrated' | 'merged' | 'rejected', number>>;

/**
 * A row that stays although its source is gone is one that was read and migrated: it is in the target, and in the lineage.
 *
 * @param readIds legacy ids of the rows that the source has
 */
function figuresOf(
  { chunk, read, elsewhere }: ChangedChunk,
  final: PreparedChunk,
  entries: readonly LineageEntry[],
  readIds: ReadonlySet<string>,
): Figures {
  const stayed = entries.filter(({ legacyId }) => !readIds.has(legacyId)).length;
  const migrated = entries.length;
  const merged = final.merges.length;
  // The chunk of keys that has read a row still counts it as rejected when a chunk of the quarantine has brought it in.
  if (chunk.kind !== 'key') return { read: stayed, migrated, merged, rejected: stayed - migrated - merged };
  const rejected = final.rejects.length + elsewhere;
  if (read + stayed !== migrated + merged + rejected)
    throw new Error(
      `${chunk.sourceTable}: ${read} rows read and ${stayed} left without a source, but ${migrated} migrated, ${merged} merged, ${rejected} rejected`,
    );
  return { read: read + stayed, migrated, merged, rejected };
}

/** Legacy ids of rows that were in with this chunk, and that the source has no more. */
function goneOf(
  { rows, notes }: ChangedChunk,
  present: ReadonlySet<string>,
  left: Written['left'],
): string[] {
  const before = [...rows, ...notes.merges].map(({ legacyId }) => legacyId);
  return before.filter((legacyId) => !present.has(legacyId) && !left.has(legacyId));
}

async function writeWatermark(
  client: Client,
  step: Step,
  { chunk, firstKey, lastKey }: Pick<ChangedChunk, 'chunk' | 'firstKey' | 'lastKey'>,
  figures: Figures & Readonly<Record<'checksum' | 'warnings' | 'bytes', number>>,
): Promise<void> {
  await client.query(
    `update migration.chunks set first_key = coalesce($6, first_key), last_key = coalesce($7, last_key), read = $8,
       migrated = $9, merged = $10, rejected = $11, warnings = $12, checksum = $13, bytes = $14,
       refreshed_at = now(), verified_at = null, differences = null
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
    [
      ...placeKey(placeOf(step, chunk)),
      firstKey,
      lastKey,
      figures.read,
      figures.migrated,
      figures.merged,
      figures.rejected,
      figures.warnings,
      figures.checksum,
      figures.bytes,
    ],
  );
}
