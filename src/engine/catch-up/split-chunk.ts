import type { Client } from 'pg';
import { hasMovedAgain } from '../retry/quarantine.js';
import type { Step } from '../step.js';
import { lineageColumn } from '../target/key-match.js';
import { placeKey } from '../target/load-chunk.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';

const numbered = ['chunks', 'lineage', 'rejects', 'warnings', 'merges', 'links'] as const;

/** What the tables call the legacy table of a chunk. */
const sourceColumn = (table: (typeof numbered)[number]): string =>
  table === 'warnings' || table === 'merges' || table === 'links' ? 'legacy_table' : 'source_table';

/**
 * Cuts a key chunk that has become too large for one transaction: it ends with `lastKey`, and what it had behind that is
 * the next chunk; the chunks behind move on by one. In the open transaction; no row of the target changes. Answers the
 * next chunk; figures and numbers of `chunks` are those of now.
 *
 * @param ids legacy ids of the rows that the source has up to `lastKey`
 */
export async function splitChunk(
  client: Client,
  step: Step,
  chunks: StoredChunk[],
  chunk: StoredChunk,
  { ids, lastKey }: { readonly ids: readonly string[]; readonly lastKey: string[] },
): Promise<void> {
  const place = placeKey(placeOf(step, chunk));
  const column = lineageColumn[step.target.keyKind];
  for (const table of numbered) {
    const where = `run = $1 and step = $2 and ${sourceColumn(table)} = $3 and range = $4`;
    // By way of numbers that no chunk has: two chunks never have the same.
    await client.query(
      `update migration.${table} set chunk = -chunk - 1 where ${where} and chunk > $5`,
      place,
    );
    await client.query(
      `update migration.${table} set chunk = -chunk where ${where} and chunk < 0 and $5::int is not null`,
      place,
    );
  }
  const here = 'run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5';
  const { rows: moved } = await client.query<{ migrated: number; merged: number; rejected: number }>(
    `select
       (select count(*)::int from migration.lineage l
        cross join lateral unnest(l.${column}, l.legacy_keys) k(target, legacy)
        where ${here} and coalesce(k.legacy, k.target::text) <> all($6)) as migrated,
       (select count(*)::int from migration.merges
        where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5 and legacy_id <> all($6)) as merged,
       (select count(*)::int from migration.rejects
        where ${here} and legacy_id <> all($6) and (resolved_at is null or ${hasMovedAgain})) as rejected`,
    [...place, ids],
  );
  const [{ migrated, merged, rejected } = { migrated: 0, merged: 0, rejected: 0 }] = moved;
  const read = migrated + merged + rejected;
  await client.query(
    `insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated, merged,
       rejected, warnings, checksum, bytes, xids, committed_at)
     select run, step, source_table, range, chunk + 1, $6, last_key, $7, $8, $9, $10, 0, 0, 0, xids, committed_at
     from migration.chunks where ${here}`,
    [...place, lastKey, read, migrated, merged, rejected],
  );
  await client.query(
    `update migration.chunks set last_key = $6, read = read - $7, migrated = migrated - $8, merged = merged - $9,
       rejected = rejected - $10, checksum = 0
     where ${here}`,
    [...place, lastKey, read, migrated, merged, rejected],
  );
  for (const [next, condition] of [
    [1, '<> all($6)'],
    [0, '= any($6)'],
  ] as const)
    await client.query(
      `insert into migration.lineage (run, step, source_table, range, chunk, target_table, ${column}, legacy_keys, kept)
       select l.run, l.step, l.source_table, l.range, -l.chunk - 1 - ${next}, l.target_table,
         array_agg(k.target order by k.n),
         case when l.legacy_keys is not null then array_agg(k.legacy order by k.n) end,
         case when l.kept is not null then array_agg(k.kept order by k.n) end
       from migration.lineage l
       cross join lateral unnest(l.${column}, l.legacy_keys, l.kept) with ordinality k(target, legacy, kept, n)
       where ${here} and coalesce(k.legacy, k.target::text) ${condition}
       group by l.run, l.step, l.source_table, l.range, l.chunk, l.target_table, l.legacy_keys, l.kept`,
      [...place, ids],
    );
  await client.query(`delete from migration.lineage where ${here}`, place);
  await client.query(
    `update migration.lineage set chunk = -chunk - 1
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk < 0 and $5::int is not null`,
    place,
  );
  for (const table of ['rejects', 'warnings', 'merges', 'links'] as const)
    await client.query(
      `update migration.${table} set chunk = chunk + 1
       where run = $1 and step = $2 and ${sourceColumn(table)} = $3 and range = $4 and chunk = $5 and legacy_id <> all($6)`,
      [...place, ids],
    );
  const position = chunks.indexOf(chunk);
  for (const later of chunks) if (later.range === chunk.range && later.chunk > chunk.chunk) later.chunk++;
  chunks.splice(position + 1, 0, {
    ...chunk,
    chunk: chunk.chunk + 1,
    after: lastKey,
    read,
    migrated,
    merged,
    rejected,
    checksum: '0',
  });
  chunk.lastKey = lastKey;
  chunk.read -= read;
  chunk.migrated -= migrated;
  chunk.merged -= merged;
  chunk.rejected -= rejected;
  chunk.checksum = '0';
}
