import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { copyTuples } from './copy-tuples.js';
import { narrow } from './narrow.js';
import type { ChunkPlace, EnsuredRow, PreparedChunk, Reject } from './prepared-chunk.js';
import { rowFaultOf } from './row-fault.js';

/** Another worker has this chunk in already: go on behind what is in. */
export class ChunkTaken extends Error {}

export interface LoadedChunk {
  readonly migrated: number;
  readonly rejected: number;
}

/**
 * One chunk, whole, in the open transaction of `client`: the claim first, then rows, lineage, merges, rejects and
 * warnings. Rows that the target refuses are found and join the rejects. The caller commits.
 *
 * Throws `ChunkTaken` when the chunk is claimed; any other error means that nothing of the chunk may be committed.
 */
export async function loadChunk(
  client: Client,
  place: ChunkPlace,
  chunk: PreparedChunk,
  at?: PassPoint,
): Promise<LoadedChunk> {
  await claim(client, place, chunk);
  await makeParents(client, place, chunk.ensured);
  const refused = await loadTuples(client, place, chunk, at);
  const migrated = chunk.targetKeys.count - refused.size;
  const rejects = [...chunk.rejects, ...refused.values()];
  const notes = refused.size > 0 ? notesWithout(refused, chunk) : chunk;
  if (refused.size > 0)
    await client.query(
      `update migration.chunks set migrated = $6, rejected = $7, warnings = $8
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      [...placeKey(place), migrated, rejects.length, notes.warnings.length],
    );
  await writeLineage(client, place, chunk, new Set(refused.keys()));
  await writeRejects(client, place, rejects);
  await writeNotes(client, place, notes);
  if (chunk.read !== migrated + chunk.merges.length + rejects.length)
    throw new Error(
      `${place.sourceTable}: ${chunk.read} rows read, but ${migrated} migrated, ${chunk.merges.length} merged, ${rejects.length} rejected`,
    );
  return { migrated, rejected: rejects.length };
}

function placeKey(place: ChunkPlace): unknown[] {
  return [place.run, place.step, place.sourceTable, place.range, place.chunk];
}

async function claim(client: Client, place: ChunkPlace, chunk: PreparedChunk): Promise<void> {
  const { rowCount } = await client.query({
    name: 'claim-chunk',
    text: `insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated,
             merged, rejected, warnings, checksum, bytes)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           on conflict do nothing`,
    values: [
      ...placeKey(place),
      chunk.firstKey,
      chunk.lastKey,
      chunk.read,
      chunk.targetKeys.count,
      chunk.merges.length,
      chunk.rejects.length,
      chunk.warnings.length,
      chunk.checksum,
      chunk.bytes,
    ],
  });
  if (rowCount !== 1) throw new ChunkTaken(`chunk ${place.chunk} of ${place.sourceTable} is in already`);
}

async function makeParents(client: Client, place: ChunkPlace, parents: readonly EnsuredRow[]): Promise<void> {
  // In one order for all workers, so that two chunks that need the same parents cannot lock each other out.
  for (const parent of [...parents].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const columns = Object.keys(parent.values);
    const { rowCount } = await client
      .query(
        `insert into ${quoteTable(parent.table)} (${[parent.keyColumn, ...columns].map(quoteIdent).join(', ')})
         values (${[parent.keyColumn, ...columns].map((_, i) => `$${i + 1}`).join(', ')})
         on conflict (${quoteIdent(parent.keyColumn)}) do nothing`,
        [parent.key, ...columns.map((column) => parent.values[column])],
      )
      .catch((error: unknown) => {
        throw parentRefused(error, place, parent);
      });
    if (rowCount === 1)
      await client.query(
        'insert into migration.ensured (run, step, target_table, target_id) values ($1, $2, $3, $4)',
        [place.run, place.step, parent.table, parent.key],
      );
  }
}

/** Its children cannot go in without it, and they may be many: the step stops rather than reject them all. */
function parentRefused(error: unknown, place: ChunkPlace, parent: EnsuredRow): unknown {
  const fault = rowFaultOf(error);
  if (!fault) return error;
  return new MigrationError(
    fault.code,
    `${parent.table} cannot be given the row ${parent.key} that rows of ${place.targetTable} need: ${fault.reason}.`,
    {
      next: `Change or remove the row of ${parent.table} that is in the way, and try again.`,
      place: { server: 'target', table: parent.table, key: parent.key },
      cause: error,
    },
  );
}

/** Copies all tuples; when the target refuses some, those are found and the rest is in. */
async function loadTuples(
  client: Client,
  place: ChunkPlace,
  chunk: PreparedChunk,
  at: PassPoint | undefined,
): Promise<Map<number, Reject>> {
  const refused = new Map<number, Reject>();
  const tuples = chunk.targetKeys.count;
  if (tuples === 0) return refused;
  await client.query('savepoint rows');
  try {
    await copyTuples(client, place.targetTable, chunk, 0, tuples, at);
    return refused;
  } catch (error) {
    if (!rowFaultOf(error)) throw error;
    await client.query('rollback to savepoint rows');
    await narrow(client, place.targetTable, chunk, error, (tuple, fault) =>
      refused.set(tuple, chunk.rejectTuple(tuple, fault)),
    );
    return refused;
  }
}

const keyColumn = { uuid: 'target_uuids', bigint: 'target_bigints', text: 'target_texts' } as const;

async function writeLineage(
  client: Client,
  place: ChunkPlace,
  chunk: PreparedChunk,
  refused: ReadonlySet<number>,
): Promise<void> {
  const some = refused.size > 0;
  const keys = some ? chunk.targetKeys.without(refused) : chunk.targetKeys;
  const legacy = some ? chunk.legacyKeys?.without(refused) : chunk.legacyKeys;
  const kept = some ? chunk.kept?.filter((_, tuple) => !refused.has(tuple)) : chunk.kept;
  if (keys.count === 0) return;
  await client.query({
    name: `lineage-${keys.kind}`,
    text: `insert into migration.lineage (run, step, source_table, range, chunk, target_table, ${keyColumn[keys.kind]}, legacy_keys, kept)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb[])`,
    values: [
      ...placeKey(place),
      place.targetTable,
      keys.parameter(),
      legacy?.parameter() ?? null,
      kept ?? null,
    ],
  });
}

async function writeRejects(client: Client, place: ChunkPlace, rejects: readonly Reject[]): Promise<void> {
  if (rejects.length === 0) return;
  const rows = rejects.map(({ legacyId, faults, original }) => ({
    legacy_id: legacyId,
    code: faults[0]?.code,
    codes: [...new Set(faults.map((fault) => fault.code))],
    column_name: faults[0]?.column || null,
    reason: faults.map(({ column, reason }) => (column === '' ? reason : `${column}: ${reason}`)).join('; '),
    original,
  }));
  await client.query(
    `insert into migration.rejects (run, step, source_table, range, chunk, legacy_table, legacy_id, code, codes,
       column_name, reason, original)
     select $1, $2, $3, $4, $5, $3, r.legacy_id, r.code, r.codes, r.column_name, r.reason, r.original
     from jsonb_to_recordset($6::jsonb)
       as r(legacy_id text, code text, codes text[], column_name text, reason text, original jsonb)`,
    [...placeKey(place), JSON.stringify(rows)],
  );
}

type Notes = Pick<PreparedChunk, 'warnings' | 'merges' | 'links'>;

/** What a refused row would have been warned of stands in no table: its reject tells why it is not in. */
function notesWithout(refused: ReadonlyMap<number, Reject>, { warnings, merges, links }: Notes): Notes {
  const out = new Set([...refused.values()].map((reject) => reject.legacyId));
  return {
    merges,
    warnings: warnings.filter(({ legacyId }) => !out.has(legacyId)),
    links: links.filter(({ legacyId }) => !out.has(legacyId)),
  };
}

/** Warnings, merges and links of the rows that went in. */
async function writeNotes(client: Client, place: ChunkPlace, notes: Notes): Promise<void> {
  const { warnings, merges, links } = notes;
  const { run, step, sourceTable, targetTable } = place;
  if (warnings.length > 0)
    await client.query(
      `insert into migration.warnings (run, step, legacy_table, legacy_id, column_name, reason)
       select $1, $2, $3, w.legacy_id, w.column_name, w.reason
       from unnest($4::text[], $5::text[], $6::text[]) w(legacy_id, column_name, reason)`,
      [run, step, sourceTable, ...pick(warnings, ['legacyId', 'column', 'reason'])],
    );
  if (merges.length > 0)
    await client.query(
      `insert into migration.merges (run, step, legacy_table, legacy_id, target_table, target_id, rule, code)
       select $1, $2, $3, m.legacy_id, $4, m.target_id, m.rule, m.code
       from unnest($5::text[], $6::text[], $7::text[], $8::text[]) m(legacy_id, target_id, rule, code)`,
      [run, step, sourceTable, targetTable, ...pick(merges, ['legacyId', 'targetId', 'rule', 'code'])],
    );
  if (links.length > 0)
    await client.query(
      `insert into migration.links (run, step, legacy_table, legacy_id, target_id, column_name, other_legacy_id)
       select $1, $2, $3, l.legacy_id, l.target_id, l.column_name, l.other
       from unnest($4::text[], $5::text[], $6::text[], $7::text[]) l(legacy_id, target_id, column_name, other)`,
      [run, step, sourceTable, ...pick(links, ['legacyId', 'targetId', 'column', 'otherLegacyId'])],
    );
}

function pick<T>(rows: readonly T[], fields: readonly (keyof T)[]): unknown[][] {
  return fields.map((field) => rows.map((row) => row[field]));
}
