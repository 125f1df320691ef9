/**
 * The answer to "where did this row come from, where did it go, and what became of each value": plain data. Values are
 * texts as `column::text` prints them; times are ISO texts. Nothing here may go to a log: it holds what the rows hold.
 */
import type { Fault, Warning } from '../transform/types.js';

export interface TraceQuery {
  /** a legacy table, a target table, or a step */
  readonly table: string;
  /** the id on either side, as text; the parts of a composite one joined by `,` */
  readonly id: string;
  /** left out: the latest run that has the row */
  readonly run?: string | undefined;
}

export interface RowName {
  readonly table: string;
  readonly id: string;
}

export interface Trace {
  readonly asked: { readonly table: string; readonly id: string; readonly run: string | null };
  /** several where the id stands for several rows (of two legacy tables, or on either side); none: no run knows it */
  readonly rows: readonly TracedRow[];
  /** where no run knows the row: the tables that have one of this id all the same; null where one does */
  readonly unknown: {
    readonly inSource: readonly string[];
    readonly inTarget: readonly string[];
    /** why the source could not be asked */
    readonly sourceProblem: string | null;
  } | null;
}

/**
 * `migrated`: a row of its own; `merged`: part of another legacy row's row; `rejected`: kept out, in quarantine (or
 * settled there); `made`: a parent that the run made because rows needed it.
 */
export type Outcome = 'migrated' | 'merged' | 'rejected' | 'made';

export interface TracedRow {
  readonly outcome: Outcome;
  readonly run: TracedRun;
  /** other runs that have the row, the latest first */
  readonly otherRuns: readonly string[];
  readonly step: string;
  /** the row asked about, or what the target row was made of; of a made parent its kind and legacy id, as far as told */
  readonly legacy: RowName | null;
  /** null: the row is not in the target */
  readonly target: TracedTarget | null;
  /** how the row became part of another one; null where it did not */
  readonly merged: { readonly rule: string; readonly into: RowName } | null;
  /** other legacy rows that are part of the target row */
  readonly alsoIn: readonly (RowName & { readonly rule: string })[];
  /** what the survey decided about the row beside merging: whose duplicate it is, and the like */
  readonly decision: (RowName & { readonly kind: string; readonly rule: string }) | null;
  /** legacy rows that were kept out as duplicates of this one */
  readonly duplicates: readonly RowName[];
  /** its places in the quarantine, the settled ones too */
  readonly rejects: readonly TracedReject[];
  /** rows that a made parent was made for */
  readonly neededBy: TracedNeed | null;
  readonly chunk: TracedChunk | null;
  /** what verification found about the row */
  readonly differences: readonly {
    readonly column: string | null;
    readonly kind: string;
    readonly what: string;
  }[];
  readonly warnings: readonly Warning[];
  readonly links: readonly TracedLink[];
  /** JSON text of legacy values without a column of their own, of tables without metadata */
  readonly kept: string | null;
  readonly source: TracedSource;
  /** what the rules say to the legacy row as it is now; empty where it passes, or was not read */
  readonly faults: readonly Fault[];
  readonly columns: readonly TracedColumn[];
}

export interface TracedRun {
  readonly run: string;
  readonly name: string;
  readonly plan: string;
  readonly state: string;
  readonly startedAt: string;
}

export interface TracedTarget extends RowName {
  /** false: it was there, and somebody has deleted it */
  readonly present: boolean;
  /** others have written the row since the run did; null: not known */
  readonly changedByOthers: boolean | null;
}

export interface TracedReject {
  readonly code: string;
  readonly codes: readonly string[];
  readonly column: string | null;
  readonly reason: string;
  readonly at: string;
  readonly resolvedAt: string | null;
  readonly resolution: string | null;
}

export interface TracedNeed {
  readonly step: string;
  readonly table: string;
  readonly column: string;
  readonly rows: number;
  /** legacy rows of these, a few */
  readonly examples: readonly RowName[];
}

export interface TracedChunk {
  readonly sourceTable: string;
  readonly range: number;
  readonly chunk: number;
  /** `key`: read in the order of keys; `retry`, `coerced-retry`: moved out of the quarantine */
  readonly kind: 'key' | 'retry' | 'coerced-retry';
  readonly firstKey: readonly string[];
  readonly lastKey: readonly string[];
  readonly committedAt: string;
  readonly verifiedAt: string | null;
  /** rows of the chunk in which verification found differences */
  readonly differences: number | null;
}

/** Where a reference leads. */
export interface TracedLink {
  readonly column: string;
  /** what is referred to, for people */
  readonly label: string;
  /** what the legacy row names; null where it names none, or was not read */
  readonly legacyId: string | null;
  readonly code: string | null;
  /** by which of the two it was found; null: not found, or not known */
  readonly by: 'id' | 'code' | null;
  /** the row that the target's column names; null where it is empty */
  readonly target: RowName | null;
  /** what that row was made of in this run */
  readonly legacy: RowName | null;
}

/**
 * `read`: the legacy row was read. Else `why` says what stood against it: it is `gone`, the source is `unreachable`, or
 * tables and plan do not fit any more (`unusable`). `none`: there is no legacy row to read.
 */
export interface TracedSource {
  readonly state: 'read' | 'gone' | 'unreachable' | 'unusable' | 'none';
  readonly why: string | null;
  /** rows of its chunk have changed since they were read; null: not looked at, since nothing differs */
  readonly changed: boolean | null;
}

/** What a rule did to a value. `pending`: it is set once all rows of the step are in, which they are not yet. */
export type Made =
  | 'as it is'
  | 'trimmed'
  | 'converted'
  | 'defaulted'
  | 'empty'
  | 'resolved'
  | 'unresolved'
  | 'computed'
  | 'constant'
  | 'generated'
  | 'gathered'
  | 'counted'
  | 'pending'
  | 'at fault'
  | 'not written'
  | 'not known';

/**
 * Why the target has another value than the rules make now: others changed the row, or the source rows changed; both, so
 * that it could be either; or neither, which verification calls corruption. `unexplained`: it could not be found out.
 */
export type Change = 'by others' | 'source changed' | 'either' | 'neither' | 'unexplained';

/** A value that may be SQL NULL. */
export interface Known {
  readonly value: string | null;
}

export interface TracedColumn {
  readonly column: string;
  /** the rule in words; null where no rule writes the column */
  readonly rule: string | null;
  /** the legacy columns that it reads, with their values now; no values where the row was not read */
  readonly from: readonly { readonly column: string; readonly value: Known | null }[];
  /** what the rules make of these now; null: not known */
  readonly expected: Known | null;
  /** what stands in the target now; null: the row is not there */
  readonly target: Known | null;
  readonly made: Made;
  /** null: both are the same, or one is not known */
  readonly change: Change | null;
}
