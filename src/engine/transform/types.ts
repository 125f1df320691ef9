import type { RejectCode } from '../../contract/errors.js';
import type { Rule, Values } from '../../plan/model.js';
import type { RawRow, SourceColumn } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';

/** Something wrong with one row. `column` is a legacy column. Reasons never contain the row's values. */
export interface Fault {
  readonly code: RejectCode;
  readonly column: string;
  readonly reason: string;
}
export interface Warning {
  readonly column: string;
  readonly reason: string;
}

/** A target column as introspection found it. `type` is format_type's text, e.g. `numeric(10,2)`. */
export interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

/** Settings that change what a rule answers; the same for the whole run. */
export interface TransformSettings {
  /** start of the run: microseconds since 2000-01-01 UTC, and as ISO text */
  readonly runStartMicros: bigint;
  readonly runStartIso: string;
  /** IANA zone in which legacy timestamps without a zone are read */
  readonly sourceTimeZone: string;
  /** ISO 3166 country for phone numbers without an international prefix */
  readonly defaultCountry: string | undefined;
  readonly ignoredTaxIds: readonly string[];
}

/** The outcome of looking a reference up. `key` is the target key: 16 bytes of a UUID, or text of any other key. */
export type Resolution =
  | { readonly found: true; readonly key: Buffer | string; readonly warning?: string }
  | { readonly found: false };

/** Finds rows of an entity that this run has moved. Synchronous: what a chunk needs is loaded before. */
export interface ReferenceIndex {
  byLegacyId(id: string): Resolution;
  byCode(foldedCode: string): Resolution;
}

/**
 * What a row gathers while its columns are written. One object is reused: `reset` before each row.
 */
export class RowContext {
  readonly faults: Fault[] = [];
  readonly warnings: Warning[] = [];
  /** evaluated values of target columns that computed columns and checks need */
  readonly values: Record<string, Values[string]> = {};
  /** JSON text of what is kept only in some rows (alternates that differ, unresolved references), by leftover key */
  readonly kept = new Map<string, string>();
  /** legacy key of the row as text; composite keys joined by `,` */
  legacyKey = '';
  /** parents to make: one entry per `ensures` rule that met a key */
  readonly ensured: { readonly rule: Rule; readonly key: Buffer; readonly legacyId: string }[] = [];
  /** references of the row to its own entity, set after the load */
  readonly links: { readonly column: string; readonly legacyId: string }[] = [];

  reset(): void {
    this.faults.length = 0;
    this.warnings.length = 0;
    this.ensured.length = 0;
    this.links.length = 0;
    if (this.kept.size > 0) this.kept.clear();
  }

  fault(column: string, reason: string, code: RejectCode = 'ERR_003'): void {
    this.faults.push({ code, column, reason });
  }

  warn(column: string, reason: string): void {
    this.warnings.push({ column, reason });
  }

  /** Keeps a legacy value that has no column of its own, in this row only. */
  keep(key: string, json: string): void {
    this.kept.set(key, json);
  }
}

/** Writes one target column of one row; on a fault it has told the context and what it wrote does not matter. */
export type ColumnWriter = (row: RawRow, context: RowContext, out: TupleWriter) => void;

/** All that a rule needs to become a `ColumnWriter`, decided once per run and not per value. */
export interface CompileInput {
  readonly target: TargetColumn;
  /** legacy columns that exist, by name */
  readonly source: ReadonlyMap<string, SourceColumn>;
  readonly sourceTable: string;
  readonly settings: TransformSettings;
  /** the target columns whose value other rules need: the writer must put it into `context.values` */
  readonly wanted: boolean;
  readonly references: (step: string) => ReferenceIndex;
}
