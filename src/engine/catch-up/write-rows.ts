import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import type { Step } from '../step.js';
import { makeParents } from '../target/load-chunk.js';
import { loadTuples } from '../target/load-tuples.js';
import type { PreparedChunk, Reject } from '../target/prepared-chunk.js';
import { legacyIdsOf, type ComparedRow } from '../verify/comparison.js';
import type { ChangedChunk, LeftRow } from './changes.js';
import { deleteRows, displace, ownersOf, type OwnedRow } from './displace.js';
import { takeOffForeignKeys } from './foreign-keys-off.js';
import { builtUpon, lockRows, type ReferringColumn } from './others.js';
import { someTuples } from './prepared-subset.js';
import type { StagedRows } from './staged-rows.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';

export interface WrittenRows {
  /** rows that the target refuses, by legacy id: they are not in it, or not any more */
  readonly refused: Map<string, Reject>;
  /** tuples of rows that had to go before they could come in anew */
  readonly again: readonly number[];
  /** rows that stay as they are, since the target refuses what they would become and others have built upon them */
  readonly builtUpon: LeftRow[];
}

export interface WriterParts {
  readonly client: Client;
  readonly step: Step;
  readonly staged: StagedRows;
  /** of the run's own steps */
  readonly referring: readonly ReferringColumn[];
  /** whether the chunk of a row is yet to come */
  readonly isLater: (row: OwnedRow, than: StoredChunk) => boolean;
  readonly at: PassPoint | undefined;
}

/** Changes rows of the step's table, in the open transaction; those of one chunk together. */
export class RowWriter {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#takeOffForeignKeys();
    await deleteRows(this.#parts.client, this.#parts.step, keys);
  }

  /** Makes room for rows of a chunk that is not in yet. Answers those that the target refuses, by their position. */
  async makeRoom(chunk: StoredChunk, rows: PreparedChunk): Promise<ReadonlyMap<number, Reject>> {
    const { staged } = this.#parts;
    const refused = await staged.stage(rows);
    const keys = [...rows.targetKeys.texts()].filter((_, position) => !refused.has(position));
    await this.#clearWay(chunk, await staged.holders(keys), new Set());
    return refused;
  }

  /** @param inserts positions of the expected rows that are not in */
  async write(
    { chunk, expected }: ChangedChunk,
    inserts: readonly number[],
    updates: readonly ComparedRow[],
  ): Promise<WrittenRows> {
    const { client, step, staged, at } = this.#parts;
    const written: WrittenRows = { refused: new Map(), again: [], builtUpon: [] };
    if (inserts.length + updates.length === 0) return written;
    const ids = [...expected.targetKeys.texts()];
    const legacyIds = legacyIdsOf(expected);
    const tupleOf = new Map(updates.map((row) => [row.targetId, row.tuple as number]));

    const unfit = await this.#stage(expected, [...inserts, ...tupleOf.values()]);
    for (const tuple of inserts) {
      const reject = unfit.get(tuple);
      if (reject) written.refused.set(legacyIds[tuple] as string, reject);
    }
    const rejectOf = (key: string) => unfit.get(tupleOf.get(key) as number);
    await this.#takeOut(written, rejectsOf([...tupleOf.keys()], rejectOf));
    const fitInserts = inserts.filter((tuple) => !unfit.has(tuple));
    const fitUpdates = [...tupleOf.keys()].filter((key) => !rejectOf(key));

    const holders = await staged.holders(fitInserts.map((tuple) => ids[tuple] as string));
    const cleared = await this.#clearWay(chunk, holders, new Set(fitUpdates));
    const again = cleared.map((key) => tupleOf.get(key) as number);

    await makeParents(client, placeOf(step, chunk), expected.ensured);
    const inPlace = fitUpdates.filter((key) => !cleared.includes(key));
    const faults = await staged.update(inPlace, at);
    const faultOf = (key: string): Reject | undefined => {
      const fault = faults.get(key);
      if (!fault) return undefined;
      const { code, column, reason } = fault;
      return expected.rejectTuple(tupleOf.get(key) as number, { code, column, reason });
    };
    await this.#takeOut(written, rejectsOf(inPlace, faultOf));

    const coming = [...fitInserts, ...again].sort((a, b) => a - b);
    const loaded = await loadTuples(client, step.entity.table, someTuples(expected, coming), at);
    for (const [i, reject] of loaded.refused)
      written.refused.set(legacyIds[coming[i] as number] as string, reject);
    return { ...written, again };
  }

  /** Answers those that the types of the table refuse, by their position in the chunk. */
  async #stage(expected: PreparedChunk, tuples: readonly number[]): Promise<Map<number, Reject>> {
    const ascending = tuples.toSorted((a, b) => a - b);
    const refused = await this.#parts.staged.stage(someTuples(expected, ascending));
    return new Map([...refused].map(([i, reject]) => [ascending[i] as number, reject]));
  }

  /** Rows that are in, and that the target refuses as they are to be, by key: they go, unless others have built upon them. */
  async #takeOut(written: WrittenRows, rejects: ReadonlyMap<string, Reject>): Promise<void> {
    const { client, step, referring } = this.#parts;
    const referred = await builtUpon(client, step, [...rejects.keys()], referring);
    for (const [targetId, reject] of rejects) {
      const { legacyId } = reject;
      if (!referred.has(targetId)) written.refused.set(legacyId, reject);
      else
        written.builtUpon.push({
          legacyId,
          targetId,
          kind: 'built-upon',
          what: 'the target refuses what it would become, and rows of others refer to it',
        });
    }
    await this.delete([...rejects.keys()].filter((key) => !referred.has(key)));
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
    const { client, step, isLater, referring } = this.#parts;
    const owned = await ownersOf(client, step, holders);
    const mine = holders.filter((key) => changing.has(key));
    const later: OwnedRow[] = [];
    for (const row of owned) {
      if (changing.has(row.key) || !isLater(row, chunk)) continue;
      const locked = await lockRows(client, step, row.xids, [row.key]);
      if (locked.get(row.key) === false) later.push(row);
    }
    const keys = [...mine, ...later.map((row) => row.key)];
    const referred = await builtUpon(client, step, keys, referring);
    const going = later.filter((row) => !referred.has(row.key));
    const cleared = mine.filter((key) => !referred.has(key));
    if (going.length + cleared.length === 0) return [];
    await this.#takeOffForeignKeys();
    await displace(client, step, going);
    await deleteRows(client, step, cleared);
    return cleared;
  }

  async #takeOffForeignKeys(): Promise<void> {
    const { client, step, referring } = this.#parts;
    const tables = referring.map(({ table }) => table);
    await takeOffForeignKeys(client, step.ref.run, step.entity.table, tables);
  }
}

function rejectsOf(
  keys: readonly string[],
  rejectOf: (key: string) => Reject | undefined,
): Map<string, Reject> {
  return new Map(
    keys.flatMap((key) => {
      const reject = rejectOf(key);
      return reject ? [[key, reject] as const] : [];
    }),
  );
}
