import type { PreparedChunk } from '../target/prepared-chunk.js';
import type { ComparedRow } from '../verify/comparison.js';
import type { StoredChunk } from './stored-chunk.js';
import type { StoredNotes } from './stored-notes.js';

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
  readonly sumOf: SumOf;
}

/** Over the rows read; of rows that have left the quarantine, over those with these legacy ids. */
export type SumOf = (migrated: ReadonlySet<string>) => { readonly checksum: number; readonly bytes: number };

export interface ChunkOutcome extends Changes {
  /** the run's tables or the target are other than before */
  readonly changed: boolean;
  readonly left: readonly LeftRow[];
}
