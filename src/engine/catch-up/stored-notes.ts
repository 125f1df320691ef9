import type { Client } from 'pg';
import { placeKey, rejectColumns } from '../target/load-chunk.js';
import type { ChunkPlace, LinkRow, MergeRow, PreparedChunk, WarningRow } from '../target/prepared-chunk.js';

/** A row in quarantine as it stands there; its original is compared where it is kept. */
export type StoredReject = ReturnType<typeof rejectColumns>;

/** What a chunk has left in the run's own tables beside its lineage. */
export interface StoredNotes {
  readonly rejects: readonly StoredReject[];
  readonly warnings: readonly WarningRow[];
  readonly merges: readonly MergeRow[];
  readonly links: readonly LinkRow[];
}

/** Without the rows that have left the quarantine, or were rolled back. */
export async function readNotes(client: Client, place: ChunkPlace): Promise<StoredNotes> {
  const { rows } = await client.query<StoredNotes>({
    name: 'notes-of-chunk',
    text: `select
       (select coalesce(json_agg(json_build_object('legacy_id', legacy_id, 'code', code, 'codes', codes,
            'column_name', column_name, 'reason', reason)), '[]')
          from migration.rejects
          where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5 and resolved_at is null
        ) as rejects,
       (select coalesce(json_agg(json_build_object('legacyId', legacy_id, 'column', column_name, 'reason', reason)), '[]')
          from migration.warnings
          where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5) as warnings,
       (select coalesce(json_agg(json_build_object('legacyId', legacy_id, 'targetId', target_id, 'rule', rule, 'code', code)), '[]')
          from migration.merges
          where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5) as merges,
       (select coalesce(json_agg(json_build_object('legacyId', legacy_id, 'targetId', target_id, 'column', column_name,
            'otherLegacyId', other_legacy_id)), '[]')
          from migration.links
          where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5) as links`,
    values: placeKey(place),
  });
  return rows[0] as StoredNotes;
}

/** What a chunk would leave there now. */
export function notesOf(
  expected: Pick<PreparedChunk, 'rejects' | 'warnings' | 'merges' | 'links'>,
): StoredNotes {
  return { ...expected, rejects: expected.rejects.map(rejectColumns) };
}

export function sameNotes(a: StoredNotes, b: StoredNotes): boolean {
  return (['rejects', 'warnings', 'merges', 'links'] as const).every((kind) => same(a[kind], b[kind], kind));
}

const fields = {
  rejects: ['legacy_id', 'code', 'codes', 'column_name', 'reason'],
  warnings: ['legacyId', 'column', 'reason'],
  merges: ['legacyId', 'targetId', 'rule', 'code'],
  links: ['legacyId', 'targetId', 'column', 'otherLegacyId'],
} as const satisfies Record<keyof StoredNotes, readonly string[]>;

/** Whatever their order. */
function same(a: readonly object[], b: readonly object[], kind: keyof StoredNotes): boolean {
  if (a.length !== b.length) return false;
  const texts = (rows: readonly object[]) => rows.map((row) => noteText(row, kind)).sort();
  const [left, right] = [texts(a), texts(b)];
  return left.every((text, i) => text === right[i]);
}

/** The same for the same note. */
export function noteText(row: object, kind: keyof StoredNotes): string {
  const values: Readonly<Record<string, unknown>> = { ...row };
  return JSON.stringify(fields[kind].map((name) => values[name] ?? null));
}
