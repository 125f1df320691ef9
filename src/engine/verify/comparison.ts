import type { Client } from 'pg';
import type { CopyOut } from '../../store/copy-out.js';
import { copyOut } from '../../store/copy-streams.js';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import type { ChunkTransformer } from '../chunk-transformer.js';
import { describeTable } from '../postgres/introspect.js';
import type { SourceChunk } from '../row.js';
import { noRows } from '../source/chunk-buffer.js';
import type { Step, StepSource } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { RowComparer } from './compare-rows.js';
import type { Origin } from './compared-alike.js';
import type { ChunkBounds } from './read-chunks-again.js';
import { rowsUnless } from './rows-unless.js';

/** A difference: the exact row and column, never the values. */
export interface Difference {
  readonly legacyId: string;
  readonly targetId: string | null;
  readonly column: string | null;
  readonly kind: 'corruption' | 'drift';
  readonly what: string;
}

/** A chunk that is in, with what it inserted. */
export interface ComparedChunk extends ChunkBounds, Origin {
  readonly sourceTable: string;
  readonly migrated: number;
  /** over the rows read, or over the rows migrated where these have left the quarantine */
  readonly checksum: string;
}

/** One row of a chunk's lineage, beside what its source row would become now. */
export interface ComparedRow {
  readonly legacyId: string;
  readonly targetId: string;
  /** position among the expected rows; undefined: its source row would not move any more */
  readonly tuple: number | undefined;
  /** it stands in the target */
  readonly there: boolean;
  /** columns whose values differ from what is expected */
  readonly differing: readonly string[];
}

/** Columns that are set after the load from other tables, and have a check of their own. */
export function derivedColumns(step: Step): Set<string> {
  return new Set(
    step.plan.entities.flatMap((entity) =>
      (entity.derived ?? [])
        .filter((derived) => derived.parent === step.entity.step)
        .map((derived) => derived.column),
    ),
  );
}

/** Compares chunks of one legacy table with the rows that they left in the target. */
export class Comparison {
  readonly #step: Step;
  readonly #source: StepSource;
  readonly #client: Client;
  readonly #columns: readonly string[];
  readonly #comparer: RowComparer;
  readonly #ignored: ReadonlySet<string>;
  readonly #tuples = new TupleWriter();
  /** as long as it has turned out so */
  #inKeyOrder: boolean;

  private constructor(
    step: Step,
    source: StepSource,
    columns: readonly string[],
    client: Client,
    comparer: RowComparer,
    ignored: ReadonlySet<string>,
  ) {
    this.#step = step;
    this.#source = source;
    this.#columns = columns;
    this.#client = client;
    this.#comparer = comparer;
    this.#ignored = ignored;
    this.#inKeyOrder = step.target.key.length === 1 && step.target.keyKind !== 'text';
  }

  static async open(
    step: Step,
    source: StepSource,
    columns: readonly string[],
    client: Client,
    /** columns that are not compared */
    ignored: ReadonlySet<string> = derivedColumns(step),
  ): Promise<Comparison> {
    const table = await describeTable(client, step.entity.table, quoteTable(step.entity.table));
    const described = columns.map((name, field) => {
      const column = table?.columns.find((candidate) => candidate.name === name);
      if (!column) throw new Error(`${step.entity.table} has no column ${name}`);
      return { ...column, field };
    });
    return new Comparison(step, source, columns, client, new RowComparer(described), ignored);
  }

  async compare(
    chunk: ComparedChunk,
    rows: SourceChunk | undefined,
    transformer: ChunkTransformer,
  ): Promise<Difference[]> {
    const expectedRows = chunk.kind === 'key' ? chunk.read : chunk.migrated;
    if (!rows) {
      const lineage = await this.#lineageOf(chunk);
      return lineage.map((row) => ({
        ...row,
        column: null,
        kind: 'drift',
        what: 'its source row is gone',
      }));
    }
    const numbers = await this.numbersOf(chunk);
    const standing = await this.readTarget(chunk);
    const expected = await transformer.prepare(rows, this.#tuples, numbers);
    const others = await this.othersThan(expected, chunk, standing);
    if (!others) return [];
    const whole = await this.#isWholeBut(chunk, others, expected);
    others.release?.();
    if (whole) return [];
    const drifted = rows.rows !== expectedRows || expected.checksum !== Number(chunk.checksum);
    return this.#differences(chunk, expected, drifted ? 'drift' : 'corruption', transformer);
  }

  /**
   * Asks for the chunk's rows as they stand in the target, in the order of its lineage. The server looks them up while
   * the rules run here; they are to be read by `othersThan`.
   */
  readTarget(chunk: ComparedChunk): Promise<AsyncIterable<Buffer>> {
    return this.#inKeyOrder ? this.#readBetween(chunk) : this.#readByLineage(chunk, false);
  }

  /** Undefined when the rows are all rows of the chunk, and exactly what is expected; else what stands in the target. */
  async othersThan(
    expected: PreparedChunk,
    chunk: ComparedChunk,
    standing: AsyncIterable<Buffer>,
  ): Promise<SourceChunk | undefined> {
    const { tuples, tupleStarts, targetKeys } = expected;
    const whole = tuples.bytes.subarray(0, tupleStarts[targetKeys.count]);
    const others = await rowsUnless(standing, whole);
    if (!others) return targetKeys.count === chunk.migrated ? undefined : chunkOf(expected);
    if (!this.#inKeyOrder || others.rows === chunk.migrated) return others;
    // These were others than the chunk's own.
    this.#inKeyOrder = false;
    others.release?.();
    return this.othersThan(expected, chunk, await this.readTarget(chunk));
  }

  /**
   * All rows from the chunk's first key to its last one. Where chunks follow the order of the target's key these are the
   * chunk's own, read in one go instead of one by one; else they are others, or other in number.
   */
  async #readBetween(chunk: ComparedChunk): Promise<CopyOut> {
    const { target, entity } = this.#step;
    const keys = lineageColumn[target.keyKind];
    const { rows } = await this.#client.query<{ first: string; last: string }>(
      `select l.${keys}[1]::text as first, l.${keys}[cardinality(l.${keys})]::text as last
       from migration.lineage l where ${this.#where(chunk)}`,
    );
    const [ends] = rows;
    // Of a chunk without rows there are none between.
    if (!ends) return this.#readByLineage(chunk, false);
    const key = `t.${quoteIdent(target.key[0] as string)}`;
    const columns = this.#columns.map((column) => `t.${quoteIdent(column)}`).join(', ');
    return this.#copy(
      `select ${columns} from ${quoteTable(entity.table)} t
       where ${key} >= ${quoteLiteral(ends.first)} and ${key} <= ${quoteLiteral(ends.last)} order by ${key}`,
    );
  }

  /** What has become of each row of the chunk's lineage, in its order. */
  async rowsOf(chunk: ComparedChunk, expected: PreparedChunk): Promise<ComparedRow[]> {
    const lineage = await this.#lineageOf(chunk);
    const numbered = await this.#readByLineage(chunk, true);
    const found = this.#withoutPosition((await rowsUnless(numbered, Buffer.alloc(0))) ?? noRows);
    const expectedChunk = chunkOf(expected);
    // By legacy key: of two rows that lead to one target key, the one that the target refused must not stand for both.
    const position = new Map(legacyIdsOf(expected).map((id, i) => [id, i]));
    // The target's rows come in the order of the lineage; a row that is gone leaves a gap that its key tells.
    return lineage.map((row, i) => {
      const tuple = position.get(row.legacyId);
      const there = this.#foundAt.get(i);
      const differing =
        there === undefined || tuple === undefined
          ? []
          : this.#comparer
              .differences(expectedChunk, tuple, found, there)
              .filter((column) => !this.#ignored.has(column));
      return { ...row, tuple, there: there !== undefined, differing };
    });
  }

  /** The same without the rows that the target has refused: these stand in the quarantine, whole. */
  async #isWholeBut(chunk: ComparedChunk, found: SourceChunk, expected: PreparedChunk): Promise<boolean> {
    const { tuples, tupleStarts, targetKeys } = expected;
    if (targetKeys.count === chunk.migrated || found.rows !== chunk.migrated) return false;
    const refused = await this.#refusedOf(chunk);
    let at = 0;
    for (const [tuple, legacyId] of legacyIdsOf(expected).entries()) {
      if (refused.has(legacyId)) continue;
      const [from, to] = [tupleStarts[tuple] as number, tupleStarts[tuple + 1] as number];
      if (tuples.bytes.compare(found.bytes, at, at + to - from, from, to) !== 0) return false;
      at += to - from;
    }
    return at === found.bytes.length;
  }

  /** Row by row, for a chunk that is not the same as a whole. */
  async #differences(
    chunk: ComparedChunk,
    expected: PreparedChunk,
    chunkKind: Difference['kind'],
    transformer: ChunkTransformer,
  ): Promise<Difference[]> {
    const rows = await this.rowsOf(chunk, expected);
    const differences: Difference[] = [];
    for (const { legacyId, targetId, tuple, there, differing } of rows) {
      // What was merged into it may have changed in its own table, which is not what this chunk's checksum is of.
      const kind = chunkKind === 'corruption' && transformer.holdsOthers(legacyId) ? 'drift' : chunkKind;
      const row = { legacyId, targetId, kind };
      if (!there) differences.push({ ...row, column: null, what: 'the row is missing in the target' });
      else if (tuple === undefined)
        differences.push({ ...row, column: null, what: 'its source row would not move any more' });
      else
        for (const column of differing)
          differences.push({ ...row, column, what: 'the value differs from the source' });
    }
    const known = new Set(rows.map((row) => row.legacyId));
    const expectedIds = [...expected.targetKeys.texts()];
    for (const [i, legacyId] of legacyIdsOf(expected).entries())
      if (!known.has(legacyId) && !this.#refused.has(legacyId))
        differences.push({
          legacyId,
          targetId: expectedIds[i] as string,
          column: null,
          kind: chunkKind,
          what: `the row should have moved with chunk ${chunk.chunk}`,
        });
    return differences;
  }

  /** position in the target's answer by position in the lineage */
  readonly #foundAt = new Map<number, number>();
  /** legacy ids of the chunk that stand in the quarantine */
  #refused: ReadonlySet<string> = new Set();

  async #lineageOf(chunk: ComparedChunk): Promise<{ legacyId: string; targetId: string }[]> {
    const { rows } = await this.#client.query<{ legacyId: string; targetId: string }>(
      `select coalesce(k.legacy, k.target) as "legacyId", k.target as "targetId"
       from migration.lineage l
       cross join lateral unnest(coalesce(l.target_uuids::text[], l.target_bigints::text[], l.target_texts), l.legacy_keys)
         with ordinality k(target, legacy, n)
       where ${this.#where(chunk)} order by k.n`,
    );
    this.#refused = await this.#refusedOf(chunk);
    return rows;
  }

  async #refusedOf(chunk: ComparedChunk): Promise<ReadonlySet<string>> {
    const { rows } = await this.#client.query<{ legacyId: string }>(
      `select legacy_id as "legacyId" from migration.rejects r where ${this.#where(chunk)}`,
    );
    return new Set(rows.map((row) => row.legacyId));
  }

  /** What the sequence of a generated key gave to each legacy row of the chunk; undefined where keys are not generated. */
  async numbersOf(chunk: ComparedChunk): Promise<ReadonlyMap<string, bigint> | undefined> {
    const generated = Object.values(this.#source.plan.columns).some((rule) => rule.kind === 'generated');
    if (!generated) return undefined;
    const lineage = await this.#lineageOf(chunk);
    return new Map(lineage.map((row) => [row.legacyId, BigInt(row.targetId)]));
  }

  /** The chunk's rows as they stand in the target, in the order of the lineage; `numbered`: each with its position first. */
  async #readByLineage(chunk: ComparedChunk, numbered: boolean): Promise<CopyOut> {
    const { target, entity } = this.#step;
    const array = lineageColumn[target.keyKind];
    const columns = this.#columns.map((column) => `t.${quoteIdent(column)}`).join(', ');
    const query = `select ${numbered ? 'k.n::int4, ' : ''}${columns} from migration.lineage l
      cross join lateral unnest(l.${array}) with ordinality k(target, n)
      join ${quoteTable(entity.table)} t on ${matchesKey(target, 't', 'k.target')}
      where ${this.#where(chunk)} order by k.n`;
    return this.#copy(query);
  }

  #copy(query: string): CopyOut {
    return copyOut(this.#client, `copy (${query}) to stdout (format binary)`);
  }

  /** Notes the leading position of each row and takes it out, so that the rest compares as bytes. */
  #withoutPosition(answer: SourceChunk): SourceChunk {
    this.#foundAt.clear();
    const lead = 8;
    const bytes = Buffer.allocUnsafe(answer.bytes.length - answer.rows * lead);
    const offsets = new Int32Array(answer.rows + 1);
    let to = 0;
    for (let i = 0; i < answer.rows; i++) {
      const from = answer.offsets[i] as number;
      const end = answer.offsets[i + 1] as number;
      this.#foundAt.set(answer.bytes.readInt32BE(from + 6) - 1, i);
      offsets[i] = to;
      bytes.writeInt16BE(answer.bytes.readInt16BE(from) - 1, to);
      answer.bytes.copy(bytes, to + 2, from + 2 + lead, end);
      to += end - from - lead;
    }
    offsets[answer.rows] = to;
    return { bytes, offsets, rows: answer.rows };
  }

  #where(chunk: ComparedChunk): string {
    const { ref, entity } = this.#step;
    return [
      `run = ${quoteLiteral(ref.run)}`,
      `step = ${quoteLiteral(entity.step)}`,
      `source_table = ${quoteLiteral(chunk.sourceTable)}`,
      `range = ${chunk.range}`,
      `chunk = ${chunk.chunk}`,
    ].join(' and ');
  }
}

/** Of the tuples, in their order. */
export function legacyIdsOf({ legacyKeys, targetKeys }: PreparedChunk): string[] {
  return [...(legacyKeys ?? targetKeys).texts()];
}

/** Tuples as rows that can be looked at. */
function chunkOf({ tuples, tupleStarts, targetKeys }: PreparedChunk): SourceChunk {
  return {
    bytes: tuples.bytes.subarray(0, tupleStarts[targetKeys.count]),
    offsets: tupleStarts,
    rows: targetKeys.count,
  };
}
