import { loadChunk, placeKey } from '../target/load-chunk.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { legacyIdsOf, type ComparedRow } from '../verify/comparison.js';
import type { ChangedChunk, Changes, ChunkOutcome } from './changes.js';
import { leaveRows } from './leave-rows.js';
import { noteTransactions, recordChunk } from './record-chunk.js';
import { changedLinks } from './replace-notes.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';
import { RowWriter, type WriterParts } from './write-rows.js';

/** Changes chunks of a step, and what is noted of them: each in the open transaction of `client`. */
export class ChunkChanger {
  readonly #parts: WriterParts;
  readonly #writer: RowWriter;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#writer = new RowWriter(parts);
  }

  /** Rows behind the last chunk of a range, as a chunk of their own. */
  async add(
    chunk: StoredChunk,
    /** without the rows that belong to other chunks */
    prepared: PreparedChunk,
    {
      elsewhere,
      meetsOthers,
    }: {
      /** rows that were read with these, and that belong to chunks of the quarantine */
      readonly elsewhere: number;
      /** rows of the run may stand in the way whose turn is yet to come */
      readonly meetsOthers: boolean;
    },
  ): Promise<Changes> {
    const { client, step, at } = this.#parts;
    const place = placeOf(step, chunk);
    const refused = meetsOthers ? await this.#writer.makeRoom(chunk, prepared) : undefined;
    const read = prepared.read - elsewhere;
    const { migrated } = await loadChunk(client, place, { ...prepared, read }, at, refused);
    if (elsewhere > 0)
      await client.query(
        `update migration.chunks set read = read + $6, rejected = rejected + $6
         where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
        [...placeKey(place), elsewhere],
      );
    return { inserted: migrated, updated: 0, deleted: 0 };
  }

  /** When the outcome is not `changed`, nothing of the transaction needs to be kept. */
  async bringInLine(now: ChangedChunk): Promise<ChunkOutcome> {
    const { chunk, expected, rows } = now;
    const { client, step, referring } = this.#parts;
    await client.query(
      `select from migration.chunks
       where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5 for update`,
      placeKey(placeOf(step, chunk)),
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
    const left = await leaveRows(client, step, now, { going, changing }, referring);

    const deleted = going.filter((row) => !left.has(row.legacyId));
    const updated = changing.filter((row) => !left.has(row.legacyId));
    await this.#writer.delete(deleted.map((row) => row.targetId));

    const kept = new Set(there.filter(stays).map((row) => row.legacyId));
    const inserts = legacyIds.flatMap((id, tuple) => (kept.has(id) || left.has(id) ? [] : [tuple]));
    const { refused, again, builtUpon } = await this.#writer.write(now, inserts, updated);
    for (const row of builtUpon) left.set(row.legacyId, row);

    const isIn = (tuple: number) => !refused.has(legacyIds[tuple] as string);
    const inserted = inserts.filter(isIn);
    const renewed = updated.filter(({ legacyId }) => !refused.has(legacyId) && !left.has(legacyId));
    const lost = updated.length - renewed.length - builtUpon.length;
    const touched = inserted.length + renewed.length + lost + deleted.length > 0;
    const anew = [...inserted, ...again.filter(isIn)].map((tuple) => legacyIds[tuple] as string);
    const changed = await recordChunk(client, step, now, { left, refused, anew: new Set(anew), touched });
    if (changed) {
      const keys = inserted.map((tuple) => expectedIds[tuple] as string);
      await noteTransactions(client, step, chunk, [...keys, ...renewed.map((row) => row.targetId)]);
    }
    return {
      inserted: inserted.length,
      updated: renewed.length,
      deleted: deleted.length + lost,
      changed,
      left: [...left.values()],
    };
  }
}
