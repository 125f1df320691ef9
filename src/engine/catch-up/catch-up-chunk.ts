import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import { loadChunk, makeParents, placeKey, writeNotes } from '../target/load-chunk.js';
import { loadTuples } from '../target/load-tuples.js';
import type { LinkRow, PreparedChunk, Reject } from '../target/prepared-chunk.js';
import { legacyIdsOf, type ComparedRow } from '../verify/comparison.js';
import { deleteRows, displace, ownersOf, type OwnedRow } from './displace.js';
import { takeOffForeignKeys } from './foreign-keys-off.js';
import { builtUpon, lockRows, type ReferringColumn } from './others.js';
import { someTuples } from './prepared-subset.js';
import { replaceRejects, returnToQuarantine } from './renew-rejects.js';
import type { StagedRows } from './staged-rows.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';
import { notesOf, noteText, sameNotes, type StoredNotes } from './stored-notes.js';

/** Rows of the target that a catch-up has changed. */
export interface Changes {
  inserted: number;
  updated: number;
  deleted: number;
}

/** A row that stays as it is, although its source has changed. */
export interface LeftRow {
  readonly legacyId: string;
  readonly targetId: string;
  readonly kind: 'changed-by-others' | 'built-upon';
  readonly what: string;
}

/** A chunk that is not what its source would make of it now. */
export interface ChangedChunk {
  readonly chunk: StoredChunk;
  /** without the rows that belong to other chunks */
  readonly expected: PreparedChunk;
  readonly rows: readonly ComparedRow[];
  readonly notes: StoredNotes;
  /** rows that the source has between the chunk's borders now */
  readonly read: number;
  /** of these, rows that belong to chunks of the quarantine */
  readonly elsewhere: number;
  /** last key of the rows read; null: there are none, or the chunk is not one of keys */
  readonly lastKey: readonly string[] | null;
  readonly firstKey: readonly string[] | null;
  /** over the rows read; of rows that have left the quarantine, over those with these legacy ids */
  readonly sumOf: (migrated: ReadonlySet<string>) => { readonly checksum: number; readonly bytes: number };
}

export interface ChunkOutcome extends Changes {
  /** the run's tables or the target are other than before */
  readonly changed: boolean;
  readonly left: readonly LeftRow[];
}

/** How the chunks of a step are brought in line; each in the open transaction of `client`. */
export class ChunkCatchUp {
  readonly #client: Client;
  readonly #step: Step;
  readonly #staged: StagedRows;
  /** of the run's own steps */
  readonly #referring: readonly ReferringColumn[];
  /** whether the chunk of a row is yet to come */
  readonly #isLater: (row: OwnedRow, than: StoredChunk) => boolean;
  readonly #at: PassPoint | undefined;

  constructor(parts: {
    client: Client;
    step: Step;
    staged: StagedRows;
    referring: readonly ReferringColumn[];
    isLater: (row: OwnedRow, than: StoredChunk) => boolean;
    at: PassPoint | undefined;
  }) {
    this.#client = parts.client;
    this.#step = parts.step;
    this.#staged = parts.staged;
    this.#referring = parts.referring;
    this.#isLater = parts.isLater;
    this.#at = parts.at;
  }

  /** Rows behind the last chunk of a range, as a chunk of their own. */
  async add(
    chunk: StoredChunk,
    prepared: PreparedChunk,
    /** rows of the run may stand in the way whose turn is yet to come */
    meetsOthers: boolean,
  ): Promise<Changes> {
    const ids = [...prepared.targetKeys.texts()];
    if (meetsOthers && ids.length > 0) {
      await this.#staged.stage(prepared);
      await this.#clearWay(chunk, await this.#staged.holders(ids), new Set());
    }
    const { migrated } = await loadChunk(this.#client, placeOf(this.#step, chunk), prepared, this.#at);
    return { inserted: migrated, updated: 0, deleted: 0 };
  }

  /** When the outcome is not `changed`, nothing of the transaction needs to be kept. */
  async bringInLine(now: ChangedChunk): Promise<ChunkOutcome> {
    const { chunk, expected, rows } = now;
    const client = this.#client;
    const place = placeOf(this.#step, chunk);
    await client.query(
      `select from migration.chunks
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5 for update`,
      placeKey(place),
    );
    const expectedIds = [...expected.targetKeys.texts()];
    const legacyIds = legacyIdsOf(expected);
    const stays = ({ tuple, targetId }: ComparedRow) =>
      tuple !== undefined && expectedIds[tuple] === targetId;
    const relinked = changedLinks(now);
    const there = rows.filter((row) => row.there);
    const going = there.filter((row) => !stays(row));
    const changing = there.filter(
      (row) => stays(row) && (row.differing.length > 0 || relinked.has(row.legacyId)),
    );
    const left = await this.#leave(now, going, changing);

    const deleted = going.filter((row) => !left.has(row.legacyId));
    const updated = changing.filter((row) => !left.has(row.legacyId));
    await this.#delete(deleted.map((row) => row.targetId));

    const kept = new Set(rows.filter((row) => row.there && stays(row)).map((row) => row.legacyId));
    const inserts = legacyIds.flatMap((id, tuple) => (kept.has(id) || left.has(id) ? [] : [tuple]));
    const written = await this.#write(now, inserts, updated);
    for (const row of written.builtUpon) left.set(row.legacyId, row);

    const { refused } = written;
    const isIn = (tuple: number) => !refused.has(legacyIds[tuple] as string);
    const inserted = inserts.filter(isIn);
    const renewed = updated.filter(({ legacyId }) => !refused.has(legacyId) && !left.has(legacyId));
    const lost = updated.length - renewed.length - written.builtUpon.length;
    const touched = inserted.length + renewed.length + lost + deleted.length > 0;
    const anew = new Set([...inserted, ...written.again.filter(isIn)]);
    const changed = await this.#record(now, { left, refused, anew, touched });
    if (changed) {
      const keys = inserted.map((tuple) => expectedIds[tuple] as string);
      await this.#noteTransactions(chunk, [...keys, ...renewed.map((row) => row.targetId)]);
    }
    return {
      inserted: inserted.length,
      updated: renewed.length,
      deleted: deleted.length + lost,
      changed,
      left: [...left.values()],
    };
  }

  /** Rows that others have changed, deleted or built upon: they stay as they are. */
  async #leave(
    { chunk, rows }: ChangedChunk,
    going: readonly ComparedRow[],
    changing: readonly ComparedRow[],
  ): Promise<Map<string, LeftRow>> {
    const left = new Map<string, LeftRow>();
    const leave = ({ legacyId, targetId }: ComparedRow, kind: LeftRow['kind'], what: string) =>
      left.set(legacyId, { legacyId, targetId, kind, what });
    const keys = [...going, ...changing].map((row) => row.targetId);
    const locked = await lockRows(this.#client, this.#step, chunk.xids, keys);
    for (const row of rows)
      if (row.tuple !== undefined && !row.there)
        leave(row, 'changed-by-others', 'others have deleted it in the target');
    for (const row of [...going, ...changing]) {
      const changed = locked.get(row.targetId);
      if (changed === undefined && row.tuple !== undefined)
        leave(row, 'changed-by-others', 'others have deleted it in the target');
      else if (changed)
        leave(row, 'changed-by-others', 'others have changed it in the target since the run wrote it');
    }
    const referred = await builtUpon(
      this.#client,
      this.#step,
      going.filter((row) => !left.has(row.legacyId)).map((row) => row.targetId),
      this.#referring,
    );
    for (const row of going)
      if (referred.has(row.targetId))
        leave(row, 'built-upon', 'it would go, but rows of others refer to it in the target');
    return left;
  }

  async #delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const { ref, entity } = this.#step;
    const tables = this.#referring.map(({ table }) => table);
    await takeOffForeignKeys(this.#client, ref.run, entity.table, tables);
    await deleteRows(this.#client, this.#step, keys);
  }

  /** Updates and inserts. `again`: tuples of rows that had to go before they could come in anew. */
  async #write(
    { chunk, expected }: ChangedChunk,
    inserts: readonly number[],
    updated: readonly ComparedRow[],
  ): Promise<{ refused: Map<string, Reject>; again: number[]; builtUpon: LeftRow[] }> {
    const client = this.#client;
    const refused = new Map<string, Reject>();
    const unmovable: LeftRow[] = [];
    if (inserts.length + updated.length === 0) return { refused, again: [], builtUpon: unmovable };
    const ids = [...expected.targetKeys.texts()];
    const legacyIds = legacyIdsOf(expected);
    const tupleOf = new Map(updated.map((row) => [row.targetId, row.tuple as number]));
    await this.#staged.stage(someTuples(expected, [...inserts, ...tupleOf.values()]));
    const holders = await this.#staged.holders(inserts.map((tuple) => ids[tuple] as string));
    const cleared = await this.#clearWay(chunk, holders, new Set(tupleOf.keys()));
    const again = cleared.map((key) => tupleOf.get(key) as number);

    await makeParents(client, placeOf(this.#step, chunk), expected.ensured);
    const inPlace = [...tupleOf.keys()].filter((key) => !cleared.includes(key));
    const faults = await this.#staged.update(inPlace, this.#at);
    const referred = await builtUpon(client, this.#step, [...faults.keys()], this.#referring);
    for (const [key, fault] of faults) {
      const tuple = tupleOf.get(key) as number;
      const legacyId = legacyIds[tuple] as string;
      if (referred.has(key))
        unmovable.push({
          legacyId,
          targetId: key,
          kind: 'built-upon',
          what: 'the target refuses what it would become, and rows of others refer to it',
        });
      else {
        const { code, column, reason } = fault;
        refused.set(legacyId, expected.rejectTuple(tuple, { code, column, reason }));
      }
    }
    await this.#delete([...faults.keys()].filter((key) => !referred.has(key)));

    const coming = [...inserts, ...again].sort((a, b) => a - b);
    const some = someTuples(expected, coming);
    const loaded = await loadTuples(client, this.#step.entity.table, some, this.#at);
    for (const [i, reject] of loaded.refused) refused.set(legacyIds[coming[i] as number] as string, reject);
    return { refused, again, builtUpon: unmovable };
  }

  /**
   * Takes away what holds keys that rows of the chunk are to have: rows of the run whose turn is yet to come, and those
   * of `changing` (rows of this chunk that are to change). Answers the latter; what else holds a key refuses the row.
   */
  async #clearWay(
    chunk: StoredChunk,
    holders: readonly string[],
    changing: ReadonlySet<string>,
  ): Promise<string[]> {
    const owned = await ownersOf(this.#client, this.#step, holders);
    const mine = holders.filter((key) => changing.has(key));
    const later: OwnedRow[] = [];
    for (const row of owned) {
      if (changing.has(row.key) || !this.#isLater(row, chunk)) continue;
      const locked = await lockRows(this.#client, this.#step, row.xids, [row.key]);
      if (locked.get(row.key) === false) later.push(row);
    }
    const referred = await builtUpon(
      this.#client,
      this.#step,
      [...mine, ...later.map((row) => row.key)],
      this.#referring,
    );
    const goes = (key: string) => !referred.has(key);
    const going = later.filter((row) => goes(row.key));
    const cleared = mine.filter(goes);
    if (going.length + cleared.length === 0) return [];
    const { ref, entity } = this.#step;
    const tables = this.#referring.map(({ table }) => table);
    await takeOffForeignKeys(this.#client, ref.run, entity.table, tables);
    await displace(this.#client, this.#step, going);
    await deleteRows(this.#client, this.#step, cleared);
    return cleared;
  }

  /** Lineage, notes, quarantine and watermark as they are now. Says whether any of it is other than before. */
  async #record(
    now: ChangedChunk,
    {
      left,
      refused,
      anew,
      touched,
    }: {
      readonly left: ReadonlyMap<string, LeftRow>;
      readonly refused: ReadonlyMap<string, Reject>;
      /** tuples of rows that came in */
      readonly anew: ReadonlySet<number>;
      /** rows of the target have changed */
      readonly touched: boolean;
    },
  ): Promise<boolean> {
    const { chunk, expected, rows, notes } = now;
    const place = placeOf(this.#step, chunk);
    const isLeft = ({ legacyId }: { readonly legacyId: string }) => left.has(legacyId);
    const isOut = ({ legacyId }: { readonly legacyId: string }) =>
      refused.has(legacyId) || left.has(legacyId);
    const final: PreparedChunk = {
      ...expected,
      rejects: [...expected.rejects.filter((reject) => !isLeft(reject)), ...refused.values()],
      merges: expected.merges.filter((merge) => !isLeft(merge)),
      warnings: [
        ...expected.warnings.filter((warning) => !isOut(warning)),
        ...notes.warnings.filter((warning) => isLeft(warning)),
      ],
      links: [
        ...expected.links.filter((link) => !isOut(link)),
        ...notes.links.filter((link) => isLeft(link)),
      ],
    };
    const entries = lineageOf(now, left, refused);
    const readIds = new Set([
      ...legacyIdsOf(expected),
      ...[...expected.rejects, ...expected.merges].map(({ legacyId }) => legacyId),
    ]);
    const migrated = entries.filter(({ legacyId }) => readIds.has(legacyId)).length;
    const merged = final.merges.length;
    const isKey = chunk.kind === 'key';
    const read = isKey ? now.read : 0;
    const rejected = isKey ? final.rejects.length + now.elsewhere : -(migrated + merged);
    if (isKey && read !== migrated + merged + rejected)
      throw new Error(
        `${place.sourceTable}: ${read} rows read, but ${migrated} migrated, ${merged} merged, ${rejected} rejected`,
      );
    const sum = now.sumOf(new Set(entries.map(({ legacyId }) => legacyId)));
    const watermark = {
      read,
      migrated,
      merged,
      rejected,
      // With the checksum of before, what is left stays a drift: it is not that the run has bent it.
      checksum: left.size > 0 ? Number(chunk.checksum) : sum.checksum,
    };
    const stale = (['read', 'migrated', 'merged', 'rejected', 'checksum'] as const).some(
      (figure) => Number(chunk[figure]) !== watermark[figure],
    );
    const finalNotes = notesOf(isKey ? final : { ...final, rejects: [] });
    const changed = touched || stale || entries.length !== rows.length || !sameNotes(notes, finalNotes);
    if (!changed) return false;

    await replaceLineage(this.#client, this.#step, chunk, entries);
    await this.#replaceNotes(now, final, anew);
    if (isKey) await replaceRejects(this.#client, place, notes.rejects, final.rejects);
    else await returnToQuarantine(this.#client, place, final.rejects, goneOf(now, readIds, left));
    const isEmpty = entries.length + merged === 0 && (!isKey || read === 0);
    if (isEmpty)
      await this.#client.query(
        `delete from migration.chunks where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
        placeKey(place),
      );
    else {
      // A row that stays although its source is gone stays within the chunk's borders, should it come back.
      const bordered = left.size > 0 ? { ...now, lastKey: null } : now;
      await this.#watermark(bordered, watermark, { warnings: final.warnings.length, bytes: sum.bytes });
    }
    return true;
  }

  async #watermark(
    { chunk, firstKey, lastKey }: ChangedChunk,
    figures: Readonly<Record<'read' | 'migrated' | 'merged' | 'rejected' | 'checksum', number>>,
    { warnings, bytes }: { readonly warnings: number; readonly bytes: number },
  ): Promise<void> {
    await this.#client.query(
      `update migration.chunks set first_key = coalesce($6, first_key), last_key = coalesce($7, last_key), read = $8,
         migrated = $9, merged = $10, rejected = $11, warnings = $12, checksum = $13, bytes = $14,
         refreshed_at = now(), verified_at = null, differences = null
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      [
        ...placeKey(placeOf(this.#step, chunk)),
        firstKey,
        lastKey,
        figures.read,
        figures.migrated,
        figures.merged,
        figures.rejected,
        warnings,
        figures.checksum,
        bytes,
      ],
    );
  }

  /** Links that are as they were keep what was found of them; those of rows that came in anew are looked for again. */
  async #replaceNotes(now: ChangedChunk, final: PreparedChunk, anew: ReadonlySet<number>): Promise<void> {
    const { chunk, expected, notes } = now;
    const place = placeOf(this.#step, chunk);
    const key = placeKey(place);
    for (const table of ['warnings', 'merges'])
      await this.#client.query(
        `delete from migration.${table} where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5`,
        key,
      );
    const ids = legacyIdsOf(expected);
    const isNew = new Set([...anew].map((tuple) => ids[tuple] as string));
    const wanted = new Set(final.links.map((link) => noteText(link, 'links')));
    const known = new Set<string>();
    const gone: LinkRow[] = [];
    for (const link of notes.links)
      if (wanted.has(noteText(link, 'links')) && !isNew.has(link.legacyId))
        known.add(noteText(link, 'links'));
      else gone.push(link);
    const fresh = final.links.filter((link) => !known.has(noteText(link, 'links')));
    await this.#forgetLinks(now, gone, fresh);
    await writeNotes(this.#client, place, { ...final, links: fresh });
  }

  /** The columns of links that are other ones now are empty until the links are set, and nothing is warned of. */
  async #forgetLinks(
    { chunk }: ChangedChunk,
    gone: readonly LinkRow[],
    fresh: readonly LinkRow[],
  ): Promise<void> {
    const { target } = this.#step;
    const place = placeOf(this.#step, chunk);
    const all = [...gone, ...fresh];
    for (const column of new Set(all.map((link) => link.column))) {
      const of = all.filter((link) => link.column === column);
      const legacyIds = of.map((link) => link.legacyId);
      await this.#client.query(
        `delete from migration.links
         where run = $1 and step = $2 and legacy_table = $3 and range = $4 and chunk = $5 and column_name = $6
           and legacy_id = any($7)`,
        [...placeKey(place), column, legacyIds],
      );
      await this.#client.query(
        `delete from migration.warnings
         where run = $1 and step = $2 and legacy_table = $3 and column_name = $4 and legacy_id = any($5) and range is null`,
        [place.run, place.step, place.sourceTable, column, legacyIds],
      );
      await this.#client.query(
        `update ${quoteTable(target.name)} t set ${quoteIdent(column)} = null from unnest($1::${target.keyKind}[]) k(key)
         where ${matchesKey(target, 't', 'k.key')} and t.${quoteIdent(column)} is not null`,
        [of.map((link) => link.targetId)],
      );
    }
  }

  /**
   * Which transactions have written these rows, which the open one has: those of its savepoints bear other numbers. Of a
   * chunk that has not noted who wrote the rows it had before, nothing is noted.
   */
  async #noteTransactions(chunk: StoredChunk, keys: readonly string[]): Promise<void> {
    const { target } = this.#step;
    if (keys.length === 0 || (chunk.xids === null && chunk.migrated > 0)) return;
    await this.#client.query(
      `update migration.chunks set xids = (
         select array_agg(distinct w.xid) from (
           select unnest(xids) as xid
           union all
           select t.xmin::text::bigint from unnest($6::${target.keyKind}[]) k(key)
           join ${quoteTable(target.name)} t on ${matchesKey(target, 't', 'k.key')}
         ) w
       )
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
      [...placeKey(placeOf(this.#step, chunk)), keys],
    );
  }
}

/** Legacy ids of rows that stand in the target and whose links are other ones now. */
function changedLinks({ expected, notes }: ChangedChunk): Set<string> {
  const texts = (links: readonly LinkRow[]) => new Map(links.map((link) => [noteText(link, 'links'), link]));
  const [before, after] = [texts(notes.links), texts(expected.links)];
  const changed = new Set<string>();
  for (const [text, { legacyId }] of before) if (!after.has(text)) changed.add(legacyId);
  for (const [text, { legacyId }] of after) if (!before.has(text)) changed.add(legacyId);
  return changed;
}

interface LineageEntry {
  readonly legacyId: string;
  readonly targetId: string;
  readonly kept: string | null;
}

/** In the order of the source; rows that are left although their source is gone come last. */
function lineageOf(
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

/** Legacy ids of rows that were in with this chunk, and that the source has no more. */
function goneOf(
  { rows, notes }: ChangedChunk,
  present: ReadonlySet<string>,
  left: ReadonlyMap<string, LeftRow>,
): string[] {
  const before = [...rows, ...notes.merges].map(({ legacyId }) => legacyId);
  return before.filter((legacyId) => !present.has(legacyId) && !left.has(legacyId));
}

async function replaceLineage(
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
