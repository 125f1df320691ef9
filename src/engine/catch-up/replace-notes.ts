import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { matchesKey } from '../target/key-match.js';
import { placeKey, writeNotes } from '../target/load-chunk.js';
import type { LinkRow, PreparedChunk } from '../target/prepared-chunk.js';
import type { ChangedChunk } from './changes.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';
import { noteText } from './stored-notes.js';

/** Legacy ids of rows that stand in the target and whose links are other ones now. */
export function changedLinks({ expected, notes }: ChangedChunk): Set<string> {
  const texts = (links: readonly LinkRow[]) => new Map(links.map((link) => [noteText(link, 'links'), link]));
  const [before, after] = [texts(notes.links), texts(expected.links)];
  const changed = new Set<string>();
  for (const [text, { legacyId }] of before) if (!after.has(text)) changed.add(legacyId);
  for (const [text, { legacyId }] of after) if (!before.has(text)) changed.add(legacyId);
  return changed;
}

/**
 * Warnings, merges and links of a chunk as they are now, in the open transaction. Links that are as they were keep what
 * was found of them; those of `anew`, the legacy ids of rows that came in, are looked for again.
 */
export async function replaceNotes(
  client: Client,
  step: Step,
  { chunk, notes }: ChangedChunk,
  final: PreparedChunk,
  anew: ReadonlySet<string>,
): Promise<void> {
  const place = placeOf(step, chunk);
  for (const table of ['warnings', 'merges'])
    await client.query(
      `delete from migration.${table} where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5`,
      placeKey(place),
    );
  const wanted = new Set(final.links.map((link) => noteText(link, 'links')));
  const known = new Set<string>();
  const gone: LinkRow[] = [];
  for (const link of notes.links)
    if (wanted.has(noteText(link, 'links')) && !anew.has(link.legacyId)) known.add(noteText(link, 'links'));
    else gone.push(link);
  const fresh = final.links.filter((link) => !known.has(noteText(link, 'links')));
  await forgetLinks(client, step, chunk, [...gone, ...fresh]);
  await writeNotes(client, place, { ...final, links: fresh });
}

/** The columns of links that are other ones now are empty until the links are set, and nothing is warned of. */
async function forgetLinks(
  client: Client,
  step: Step,
  chunk: StoredChunk,
  links: readonly LinkRow[],
): Promise<void> {
  const { target } = step;
  const place = placeOf(step, chunk);
  for (const column of new Set(links.map((link) => link.column))) {
    const of = links.filter((link) => link.column === column);
    const legacyIds = of.map((link) => link.legacyId);
    await client.query(
      `delete from migration.links
       where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5 and column_name = $6
         and legacy_id = any($7)`,
      [...placeKey(place), column, legacyIds],
    );
    await client.query(
      `delete from migration.warnings
       where run = $1 and step = $2 and legacy_table = $3 and column_name = $4 and legacy_id = any($5) and range is null`,
      [place.run, place.step, place.sourceTable, column, legacyIds],
    );
    await client.query(
      `update ${quoteTable(target.name)} t set ${quoteIdent(column)} = null from unnest($1::${target.keyKind}[]) k(key)
       where ${matchesKey(target, 't', 'k.key')} and t.${quoteIdent(column)} is not null`,
      [of.map((link) => link.targetId)],
    );
  }
}
