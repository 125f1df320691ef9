import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import type { ChunkTransformer } from '../chunk-transformer.js';
import type { SourceChunk } from '../row.js';
import type { Step } from '../step.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { legacyIdsOf, type Comparison } from '../verify/comparison.js';
import type { ChunkChanger } from './change-chunk.js';
import type { ChangedChunk, SumOf } from './changes.js';
import { noTuples, withoutRows } from './prepared-subset.js';
import type { CatchUpProgress } from './progress.js';
import { placeOf, type StoredChunk } from './stored-chunk.js';
import { notesOf, readNotes, sameNotes, type StoredNotes } from './stored-notes.js';

/** What the chunks of one kind, of one legacy table, are compared by. */
export interface Rules {
  readonly transformer: ChunkTransformer;
  readonly comparison: Comparison;
}

/** The rows of a chunk that is in, as the source has them now. */
export interface ReadAgain {
  /** undefined: the source has none of them any more */
  readonly rows: SourceChunk | undefined;
  /** legacy ids of rows that belong to chunks of the quarantine */
  readonly without: ReadonlySet<string>;
  readonly sumOf: SumOf;
}

/** Compares the chunks of a step with their source, and changes those that differ: one transaction a chunk. */
export class ChunkCatchUp {
  readonly #step: Step;
  /** of the transactions */
  readonly #client: Client;
  /** of what is compared */
  readonly #reading: Client;
  readonly #progress: CatchUpProgress;
  readonly #changer: ChunkChanger;
  readonly #signal: AbortSignal;
  readonly #at: PassPoint | undefined;
  readonly #tuples = new TupleWriter();

  constructor(parts: {
    step: Step;
    client: Client;
    reading: Client;
    progress: CatchUpProgress;
    changer: ChunkChanger;
    /** drops the chunk in hand */
    signal: AbortSignal;
    at: PassPoint | undefined;
  }) {
    this.#step = parts.step;
    this.#client = parts.client;
    this.#reading = parts.reading;
    this.#progress = parts.progress;
    this.#changer = parts.changer;
    this.#signal = parts.signal;
    this.#at = parts.at;
  }

  /** Rows behind the last chunk of a range become a chunk of their own. */
  async add(
    place: Pick<StoredChunk, 'sourceTable' | 'range' | 'chunk'>,
    rows: SourceChunk,
    { transformer }: Rules,
    { without, meetsOthers }: { readonly without: ReadonlySet<string>; readonly meetsOthers: boolean },
  ): Promise<StoredChunk> {
    const prepared = await transformer.prepare(rows, this.#tuples);
    const expected = withoutRows(prepared, without);
    const chunk: StoredChunk = {
      ...place,
      kind: 'key',
      knownBefore: null,
      after: null,
      lastKey: [...prepared.lastKey],
      read: 0,
      migrated: 0,
      merged: 0,
      rejected: 0,
      checksum: '0',
      xids: [],
      differences: null,
    };
    await inTransaction(this.#client, async () => {
      const elsewhere = rows.rows - sizeOf(expected);
      const changes = await this.#changer.add(chunk, expected, { elsewhere, meetsOthers });
      await this.#progress.changed(chunk, changes);
      this.#signal.throwIfAborted();
      this.#at?.('in-catch-up');
    });
    this.#progress.committed();
    this.#at?.('chunk-caught-up');
    return chunk;
  }

  async bringInLine(chunk: StoredChunk, again: ReadAgain, { transformer, comparison }: Rules): Promise<void> {
    const { rows, without, sumOf } = again;
    const numbers = await comparison.numbersOf(chunk);
    const notes = await readNotes(this.#reading, placeOf(this.#step, chunk));
    const standing = await comparison.readTarget(chunk);
    const prepared = rows
      ? await transformer.prepare(rows, this.#tuples, numbers)
      : noTuples(transformer.columns, this.#step.target.keyKind);
    let expected = withoutRows(prepared, without);
    const others = await comparison.othersThan(expected, chunk, standing);
    others?.release?.();
    if (!others && isSame(chunk, expected, notes, again)) {
      if (chunk.differences) await this.#forgetDifferences(chunk, expected);
      return;
    }
    if (rows && numbers && hasNew(expected)) {
      const all = await this.#withNewNumbers(numbers, expected);
      expected = withoutRows(await transformer.prepare(rows, this.#tuples, all), without);
    }
    const isKey = chunk.kind === 'key';
    const read = rows?.rows ?? 0;
    await this.#change({
      chunk,
      expected,
      rows: await comparison.rowsOf(chunk, expected),
      notes,
      read,
      elsewhere: isKey ? read - sizeOf(expected) : 0,
      firstKey: isKey && rows ? prepared.firstKey : null,
      lastKey: isKey && rows ? prepared.lastKey : null,
      sumOf,
    });
  }

  async #change(now: ChangedChunk): Promise<void> {
    const { chunk, expected } = now;
    await this.#client.query('begin');
    try {
      const { changed, left, ...changes } = await this.#changer.bringInLine(now);
      // What has only been looked at leaves nothing behind.
      if (!changed) await this.#client.query('rollback; begin');
      const legacyIds = [
        ...legacyIdsOf(expected),
        ...[...now.rows, ...expected.rejects].map((row) => row.legacyId),
      ];
      if (changed || left.length > 0) await this.#progress.note(chunk, legacyIds, left);
      if (changed) await this.#progress.changed(chunk, changes);
      this.#at?.('in-catch-up');
      this.#signal.throwIfAborted();
      await this.#client.query('commit');
      if (changed) this.#progress.committed();
      this.#at?.('chunk-caught-up');
    } catch (error) {
      await this.#client.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  async #forgetDifferences(chunk: StoredChunk, expected: PreparedChunk): Promise<void> {
    await inTransaction(this.#client, async () => {
      await this.#client.query(
        `update migration.chunks set verified_at = null, differences = null
         where run = $1 and step = $2 and source_table = $3 and range = $4 and chunk = $5`,
        [this.#step.ref.run, this.#step.entity.step, chunk.sourceTable, chunk.range, chunk.chunk],
      );
      await this.#progress.note(chunk, legacyIdsOf(expected), []);
    });
  }

  /** Keys of rows that are new come from the sequence, like those of the others did. */
  async #withNewNumbers(
    numbers: ReadonlyMap<string, bigint>,
    expected: PreparedChunk,
  ): Promise<Map<string, bigint>> {
    const fresh = legacyIdsOf(expected).filter((id) => !numbers.has(id));
    const { rows } = await this.#client.query<{ number: string }>(
      'select nextval(pg_get_serial_sequence($1, $2)) as number from generate_series(1, $3)',
      [quoteTable(this.#step.entity.table), this.#step.target.key[0], fresh.length],
    );
    return new Map([...numbers, ...fresh.map((id, i) => [id, BigInt(rows[i]?.number ?? 0)] as const)]);
  }
}

/** What stands in the target is already known to be as it should. */
function isSame(
  chunk: StoredChunk,
  expected: PreparedChunk,
  notes: StoredNotes,
  { rows, sumOf }: ReadAgain,
): boolean {
  // A chunk of the quarantine has read no row but those that stayed without a source.
  if (!rows || chunk.read !== (chunk.kind === 'key' ? rows.rows : 0)) return false;
  if (chunk.kind !== 'key' && expected.rejects.length > 0) return false;
  const { checksum } = sumOf(new Set(legacyIdsOf(expected)));
  return checksum === Number(chunk.checksum) && sameNotes(notes, notesOf(expected));
}

/** Rows that the chunk accounts for. */
function sizeOf({ targetKeys, merges, rejects }: PreparedChunk): number {
  return targetKeys.count + merges.length + rejects.length;
}

/** Rows whose key the sequence is yet to give. */
function hasNew(expected: PreparedChunk): boolean {
  for (const key of expected.targetKeys.texts()) if (key === '-1') return true;
  return false;
}
