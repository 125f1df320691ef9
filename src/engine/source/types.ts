/**
 * What the engine asks of a legacy database. Each database has a folder with the same files that fulfil this:
 * `connect`, `introspect`, `read`, `lookup`.
 */
import type { SourceChunk, SourceColumn, RawRow } from '../row.js';

/** A legacy table as it is, not as anyone says it is. */
export interface SourceTable {
  readonly name: string;
  readonly columns: readonly SourceColumn[];
  /** names of the key columns in order: primary key, else a unique index over columns that are not null */
  readonly key: readonly string[];
  /** our user may read it */
  readonly readable: boolean;
  /** a policy of the table (row level security) keeps rows from our user: they would be missing without a word */
  readonly hidesRows?: boolean;
  /** rows lie about in the order of the key, so that a range of keys is read without reading the rest */
  readonly clustered: boolean;
}

/** Above `lower`, up to and with `upper`; keys as text, in the order of the key columns. Null is no bound. */
export interface KeyBounds {
  readonly lower: readonly string[] | null;
  readonly upper: readonly string[] | null;
}

/** Where a chunk is cut: whichever comes first. Read anew for each chunk, so that it may change on the way. */
export interface ChunkLimit {
  rows: number;
  bytes: number;
}

export interface SourceDatabase {
  /** undefined when there is no such table */
  describe(table: string): Promise<SourceTable | undefined>;
  count(table: SourceTable): Promise<number>;
  /**
   * One streaming read in key order, cut into chunks. The bytes of a chunk belong to the caller until `release`.
   * `order: false` reads in the order of the heap, for what needs no order; `share` of the rows only, evenly spread: the
   * same ones each time.
   */
  read(
    table: SourceTable,
    options: {
      bounds?: KeyBounds;
      limit: ChunkLimit;
      columns?: readonly string[];
      order?: boolean;
      share?: number;
      signal: AbortSignal;
    },
  ): AsyncGenerator<SourceChunk>;
  /** The rows with these keys that are there, in key order: the same rows are always the same bytes. */
  lookup(table: SourceTable, keys: readonly (readonly string[])[], signal: AbortSignal): Promise<SourceChunk>;
  /** The table as `read` sends it when only some columns are asked for. */
  only(table: SourceTable, columns: readonly string[]): SourceTable;
  /** Points `row` at row `index` of a chunk. */
  locate(chunk: SourceChunk, index: number, row: RawRow): void;
  close(): Promise<void>;
}
