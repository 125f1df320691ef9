import type { Client } from 'pg';
import { crc32 } from 'node:zlib';
import { copyOut } from '../../store/copy-streams.js';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import type { ChunkTransformer } from '../chunk-transformer.js';
import { describeTable } from '../postgres/introspect.js';
import { RowSplitter } from '../postgres/split-rows.js';
import type { SourceChunk } from '../row.js';
import { noRows } from '../source/chunk-buffer.js';
import type { Step, StepSource } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { RowComparer } from './compare-rows.js';
import type { Origin } from './compared-alike.js';
import type { ChunkBounds } from './read-chunks-again.js';

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
    const drifted =
      rows === undefined || rows.rows !== expectedRows || crc32(rows.bytes) !== Number(chunk.checksum);
    const kind = drifted ? 'drift' : 'corruption';
    if (!rows) {
      const lineage = await this.#lineageOf(chunk);
      return lineage.map((row) => ({ ...row, column: null, kind, what: 'its source row is gone' }));
    }
    const numbers = await this.numbersOf(chunk);
    // The server looks the rows up while the rules run here.
    const [found, expected] = await Promise.all([
      this.targetRows(chunk),
      transformer.prepare(rows, this.#tuples, numbers),
    ]);
    const whole = isWhole(chunk, found, expected) || (await this.#isWholeBut(chunk, found, expected));
    found.release?.();
    return whole ? [] : this.#differences(chunk, expected, kind, transformer);
  }

  /** The chunk's rows as they stand in the target, in the order of its lineage. */
  async targetRows(chunk: ComparedChunk): Promise<SourceChunk> {
    const rows = this.#inKeyOrder ? await this.#readBetween(chunk) : undefined;
    if (rows?.rows === chunk.migrated) return rows;
    this.#inKeyOrder = false;
    return this.#readTarget(chunk, false);
  }

  /**
   * All rows from the chunk's first key to its last one. Where chunks follow the order of the target's key these are the
   * chunk's own, read in one go instead of one by one; else they are others, or other in number.
   */
  async #readBetween(chunk: ComparedChunk): Promise<SourceChunk> {
    const { target, entity } = this.#step;
    const keys = lineageColumn[target.keyKind];
    const { rows } = await this.#client.query<{ first: string; last: string }>(
      `select l.${keys}[1]::text as first, l.${keys}[cardinality(l.${keys})]::text as last
       from migration.lineage l where ${this.#where(chunk)}`,
    );
    const [ends] = rows;
    if (!ends) return noRows;
    const key = `t.${quoteIdent(target.key[0] as string)}`;
    const columns = this.#columns.map((column) => `t.${quoteIdent(column)}`).join(', ');
    return this.#copyOut(
      `select ${columns} from ${quoteTable(entity.table)} t
       where ${key} >= ${quoteLiteral(ends.first)} and ${key} <= ${quoteLiteral(ends.last)} order by ${key}`,
    );
  }

  /** What has become of each row of the chunk's lineage, in its order. */
  async rowsOf(chunk: ComparedChunk, expected: PreparedChunk): Promise<ComparedRow[]> {
    const lineage = await this.#lineageOf(chunk);
    const found = this.#withoutPosition(await this.#readTarget(chunk, true));
    const { tuples, tupleStarts, targetKeys } = expected;
    const expectedChunk: SourceChunk = {
      bytes: tuples.bytes.subarray(0, tupleStarts[targetKeys.count]),
      offsets: Int32Array.from(tupleStarts),
      rows: targetKeys.count,
    };
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
  async #readTarget(chunk: ComparedChunk, numbered: boolean): Promise<SourceChunk> {
    const { target, entity } = this.#step;
    const array = lineageColumn[target.keyKind];
    const columns = this.#columns.map((column) => `t.${quoteIdent(column)}`).join(', ');
    const query = `select ${numbered ? 'k.n::int4, ' : ''}${columns} from migration.lineage l
      cross join lateral unnest(l.${array}) with ordinality k(target, n)
      join ${quoteTable(entity.table)} t on ${matchesKey(target, 't', 'k.target')}
      where ${this.#where(chunk)} order by k.n`;
    return this.#copyOut(query);
  }

  async #copyOut(query: string): Promise<SourceChunk> {
    const splitter = new RowSplitter({ rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER });
    const stream = copyOut(this.#client, `copy (${query}) to stdout (format binary)`);
    let answer = noRows;
    for await (const data of stream) for (const part of splitter.push(data as Buffer)) answer = part;
    for (const part of splitter.finish()) answer = part;
    return answer;
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

/** Whether these are all rows of the chunk, and exactly what is expected. */
export function isWhole(chunk: ComparedChunk, found: SourceChunk, expected: PreparedChunk): boolean {
  const { tuples, tupleStarts, targetKeys } = expected;
  const whole = tuples.bytes.subarray(0, tupleStarts[targetKeys.count]);
  return found.rows === chunk.migrated && whole.equals(found.bytes);
}
