import type { Fault } from '../transform/types.js';
import type { KeyArray } from './key-array.js';
import type { TupleWriter } from './tuple-writer.js';

/** A row that stays out, with all its faults and its original as text by legacy column. */
export interface Reject {
  readonly legacyId: string;
  readonly faults: readonly Fault[];
  readonly original: Readonly<Record<string, string | null>>;
}
export interface WarningRow {
  readonly legacyId: string;
  readonly column: string;
  readonly reason: string;
}
/** A row that became part of another legacy row's target row. */
export interface MergeRow {
  readonly legacyId: string;
  readonly targetId: string;
  readonly rule: string;
  readonly code: string | null;
}
/** A reference of a row to its own entity, set once all rows are in. */
export interface LinkRow {
  readonly legacyId: string;
  readonly targetId: string;
  readonly column: string;
  readonly otherLegacyId: string;
}
/** A parent that must exist before the rows: its key as text and the legacy id it stands for. */
export interface EnsuredRow {
  readonly table: string;
  readonly keyColumn: string;
  readonly key: string;
  readonly values: Readonly<Record<string, string | boolean>>;
}

/** Everything that one target transaction will hold, worked out before it begins. */
export interface PreparedChunk {
  /** legacy key of the first and the last row read */
  readonly firstKey: readonly string[];
  readonly lastKey: readonly string[];
  readonly read: number;
  /** CRC-32 of the rows as they came; to be asked for before these are given back */
  readonly checksum: number;
  readonly bytes: number;
  /** target columns in the order of the tuples */
  readonly columns: readonly string[];
  readonly tuples: TupleWriter;
  /** where each tuple begins in `tuples`, and behind the last one the end */
  readonly tupleStarts: Int32Array;
  readonly targetKeys: KeyArray;
  /** of the tuples, in their order; null where the target key is the legacy key */
  readonly legacyKeys: KeyArray | null;
  /** JSON text by tuple; null where no tuple has any */
  readonly kept: readonly (string | null)[] | null;
  readonly rejects: Reject[];
  readonly warnings: readonly WarningRow[];
  readonly merges: readonly MergeRow[];
  readonly links: readonly LinkRow[];
  readonly ensured: readonly EnsuredRow[];
  /** the source row of a tuple as a reject, for a tuple that the target refuses */
  rejectTuple(tuple: number, fault: Fault): Reject;
}

/** Where a chunk belongs. */
export interface ChunkPlace {
  readonly run: string;
  readonly step: string;
  readonly sourceTable: string;
  readonly targetTable: string;
  readonly range: number;
  readonly chunk: number;
}
