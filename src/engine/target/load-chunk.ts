import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { uuidBytes } from '../values/uuid.js';
import { describeTarget, type TargetTable } from './describe-target.js';
import { KeyArray } from './key-array.js';
import { lineageColumn, matchesKey } from './key-match.js';
import { loadTuples, type Refused } from './load-tuples.js';
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
  refusedBefore?: Refused,
): Promise<LoadedChunk> {
  await claim(client, place, {
    ...chunk,
    migrated: chunk.targetKeys.count,
    merged: chunk.merges.length,
    rejected: chunk.rejects.length,
    warnings: chunk.warnings.length,
  });
  const { refused, warnings } = await loadRows(client, place, chunk, at, refusedBefore);
  const migrated = chunk.targetKeys.count - refused.size;
  const rejects = [...chunk.rejects, ...refused.values()];
  if (refused.size > 0)
    await client.query(
      `update migration.chunks set migrated = $6, rejected = $7, warnings = $8
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      [...placeKey(place), migrated, rejects.length, warnings],
    );
  await writeRejects(client, place, rejects);
  if (chunk.read !== migrated + chunk.merges.length + rejects.length)
    throw new Error(
      `${place.sourceTable}: ${chunk.read} rows read, but ${migrated} migrated, ${chunk.merges.length} merged, ${rejects.length} rejected`,
    );
  return { migrated, rejected: rejects.length };
}

/** The rows of a chunk that is claimed, with all that they leave behind; which of them the target refused. */
export async function loadRows(
  client: Client,
  place: ChunkPlace,
  chunk: PreparedChunk,
  at?: PassPoint,
  refusedBefore?: Refused,
): Promise<LoadedRows> {
  await makeParents(client, place, chunk.ensured);
  const { refused, atOnce } = await loadTuples(client, place.targetTable, chunk, at, refusedBefore);
  const notes = refused.size > 0 ? notesWithout(refused, chunk) : chunk;
  const out = new Set(refused.keys());
  await noteTransactions(client, place, chunk.targetKeys, out, atOnce);
  await writeLineage(client, place, chunk, out);
  await writeNotes(client, place, notes);
  return { refused, warnings: notes.warnings.length };
}

export interface LoadedRows {
  /** by the tuple's position */
  readonly refused: ReadonlyMap<number, Reject>;
  /** of the rows that are in */
  readonly warnings: number;
}

/** The parameters that name a chunk in the run's own tables. */
export function placeKey(place: ChunkPlace): unknown[] {
  return [place.run, place.step, place.sourceTable, place.range, place.chunk];
}

/** What a chunk's row in `migration.chunks` says. */
export interface Watermark extends Pick<
  PreparedChunk,
  'firstKey' | 'lastKey' | 'read' | 'checksum' | 'bytes'
> {
  readonly migrated: number;
  readonly merged: number;
  readonly rejected: number;
  readonly warnings: number;
}

/** Throws `ChunkTaken` when the chunk is claimed already. */
export async function claim(client: Client, place: ChunkPlace, watermark: Watermark): Promise<void> {
  const { rowCount } = await client.query({
    name: 'claim-chunk',
    text: `insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated,
             merged, rejected, warnings, checksum, bytes)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           on conflict do nothing`,
    values: [
      ...placeKey(place),
      watermark.firstKey,
      watermark.lastKey,
      watermark.read,
      watermark.migrated,
      watermark.merged,
      watermark.rejected,
      watermark.warnings,
      watermark.checksum,
      watermark.bytes,
    ],
  });
  if (rowCount !== 1) throw new ChunkTaken(`chunk ${place.chunk} of ${place.sourceTable} is in already`);
}

export async function makeParents(
  client: Client,
  place: ChunkPlace,
  parents: readonly EnsuredRow[],
): Promise<void> {
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
        // One that others have taken away since is made once more.
        `insert into migration.ensured (run, step, target_table, target_id) values ($1, $2, $3, $4)
         on conflict (run, target_table, target_id) do update set step = excluded.step`,
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

/** Keys of rows that bear every transaction number of the chunk: rows of one COPY all bear the same. */
function writtenKeys(keys: KeyArray, refused: ReadonlySet<number>, atOnce: boolean): KeyArray {
  if (!atOnce) return keys.without(refused);
  const one = new KeyArray(keys.kind);
  let position = 0;
  for (const key of keys.texts()) {
    if (refused.has(position++)) continue;
    one.push(keys.kind === 'uuid' ? uuidBytes(key) : key);
    break;
  }
  return one;
}

/** Notes which transactions (xmin) have written the chunk's rows, so that a later change by others shows. */
async function noteTransactions(
  client: Client,
  place: ChunkPlace,
  keys: KeyArray,
  refused: ReadonlySet<number>,
  atOnce: boolean,
): Promise<void> {
  if (keys.count === refused.size) return;
  const target = await tableOf(client, place.targetTable);
  await client.query(
    // OFFSET keeps the planner from reading the whole table instead of looking up the keys.
    `update migration.chunks set xids = (
       select array_agg(distinct w.xid) from unnest($6::${keys.kind}[]) k(key)
       cross join lateral (
         select t.xmin::text::bigint as xid from ${quoteTable(place.targetTable)} t
         where ${matchesKey(target, 't', 'k.key')} offset 0
       ) w
     )
     where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
    [...placeKey(place), writtenKeys(keys, refused, atOnce).parameter()],
  );
}

/** Asked of the catalog once a connection, not once a chunk. */
const described = new WeakMap<Client, Map<string, TargetTable>>();

async function tableOf(client: Client, name: string): Promise<TargetTable> {
  const known = described.get(client) ?? new Map<string, TargetTable>();
  described.set(client, known);
  const table = known.get(name) ?? (await describeTarget(client, name));
  if (!table) throw new Error(`the target has no table ${name}`);
  known.set(name, table);
  return table;
}

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
    text: `insert into migration.lineage (run, step, source_table, range, chunk, target_table, ${lineageColumn[keys.kind]}, legacy_keys, kept)
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

/** How a rejected row's faults stand in `migration.rejects`. */
export function rejectColumns({ legacyId, faults }: Pick<Reject, 'legacyId' | 'faults'>) {
  return {
    legacy_id: legacyId,
    code: faults[0]?.code,
    codes: [...new Set(faults.map((fault) => fault.code))],
    column_name: faults[0]?.column || null,
    reason: faults.map(({ column, reason }) => (column === '' ? reason : `${column}: ${reason}`)).join('; '),
  };
}

export async function writeRejects(
  client: Client,
  place: ChunkPlace,
  rejects: readonly Reject[],
): Promise<void> {
  if (rejects.length === 0) return;
  const rows = rejects.map((reject) => ({ ...rejectColumns(reject), original: reject.original }));
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

/** Warnings, merges and links of the rows that went in, with the chunk's place: with it they are taken back. */
export async function writeNotes(client: Client, place: ChunkPlace, notes: Notes): Promise<void> {
  const { warnings, merges, links } = notes;
  const key = placeKey(place);
  if (warnings.length > 0)
    await client.query(
      `insert into migration.warnings (run, step, legacy_table, range, chunk, legacy_id, column_name, reason)
       select $1, $2, $3, $4, $5, w.legacy_id, w.column_name, w.reason
       from unnest($6::text[], $7::text[], $8::text[]) w(legacy_id, column_name, reason)`,
      [...key, ...pick(warnings, ['legacyId', 'column', 'reason'])],
    );
  if (merges.length > 0)
    await client.query(
      `insert into migration.merges (run, step, legacy_table, range, chunk, target_table, legacy_id, target_id, rule, code)
       select $1, $2, $3, $4, $5, $6, m.legacy_id, m.target_id, m.rule, m.code
       from unnest($7::text[], $8::text[], $9::text[], $10::text[]) m(legacy_id, target_id, rule, code)`,
      [...key, place.targetTable, ...pick(merges, ['legacyId', 'targetId', 'rule', 'code'])],
    );
  if (links.length > 0)
    await client.query(
      `insert into migration.links (run, step, legacy_table, range, chunk, legacy_id, target_id, column_name, other_legacy_id)
       select $1, $2, $3, $4, $5, l.legacy_id, l.target_id, l.column_name, l.other
       from unnest($6::text[], $7::text[], $8::text[], $9::text[]) l(legacy_id, target_id, column_name, other)`,
      [...key, ...pick(links, ['legacyId', 'targetId', 'column', 'otherLegacyId'])],
    );
}

function pick<T>(rows: readonly T[], fields: readonly (keyof T)[]): unknown[][] {
  return fields.map((field) => rows.map((row) => row[field]));
}
