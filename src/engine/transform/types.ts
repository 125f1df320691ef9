import type { RejectCode } from '../../contract/errors.js';
import type { CurrencyRule, IdentityRule, Value } from '../../plan/model.js';
import type { RawRow, SourceColumn } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import type { ExchangeRates } from '../values/exchange.js';
import { trim } from '../values/text.js';
import type { TargetType } from './target-type.js';

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
  /** amounts are converted into the currency of their parent (`CurrencyConversion`); left out, none is */
  readonly exchangeRates?: ExchangeRates | undefined;
  /** what a rule would reject is read in wider ways, where these leave no doubt (src/engine/values/wider) */
  readonly coerceTypes?: boolean;
}

/** The outcome of looking a reference up. `key` is the target key: 16 bytes of a UUID, or text of any other key. */
export type Resolution =
  | { readonly found: true; readonly key: Buffer | string; readonly warning?: string }
  | { readonly found: false };

/**
 * Finds rows of an entity that this run has moved. Synchronous: what a chunk needs is loaded before. Ids come as
 * `comparableId` gives them, codes as `fold` does; an index must be keyed likewise.
 */
export interface ReferenceIndex {
  byLegacyId(id: string): Resolution;
  /**
   * The key of the row that the UUID at `start` stands for, written into `into`, where that needs no warning. False
   * says nothing: ask `byLegacyId`.
   */
  byUuid?(bytes: Buffer, start: number, into: Buffer): boolean;
  byCode(foldedCode: string): Resolution;
  /**
   * The currencies that the row with this target key (as text) lists: codes of ISO 4217, the preferred one first. There
   * when amounts of the referring rows are to be converted.
   */
  readonly currenciesOf?: ((key: string) => readonly string[]) | undefined;
}

/**
 * What a row gathers while its columns are written. One object is reused for all rows; `RowTransform.apply` resets it.
 */
export class RowContext {
  readonly faults: Fault[] = [];
  readonly warnings: Warning[] = [];
  /**
   * Evaluated values of target columns that computed columns and checks need; undefined where the column has a fault.
   * See `Values` of the plan model for their forms.
   */
  readonly values: Record<string, Value | undefined> = {};
  /** JSON text of what is kept only in some rows (alternates that differ, unresolved references), by leftover key */
  readonly kept = new Map<string, string>();
  /** parents to make: one entry per `ensures` rule that met a key; `key` is 16 bytes of its own */
  readonly ensured: { readonly rule: IdentityRule; readonly key: Buffer; readonly legacyId: string }[] = [];
  /** references of the row to its own entity, set after the load; `legacyId` is a `comparableId` */
  readonly links: { readonly column: string; readonly legacyId: string }[] = [];
  /**
   * JSON texts of legacy rows that were merged into this one, canonical as jsonb prints them. Set by the loader before
   * `apply`, which empties it.
   */
  attached: readonly string[] = [];
  /** JSON text of what has no column, of entities without a document that takes it; null when there is nothing */
  leftovers: string | null = null;
  /**
   * The target key of the row just written: 16 bytes of a UUID (one buffer, reused by the next row), text of any other
   * single key, JSON array of texts of a composite one.
   */
  targetKey: Buffer | string = '';
  /** the row's identity is not its legacy id: the legacy id has to be kept */
  keyReplaced = false;
  /** how many texts of the row had white space at an end, which is trimmed by rule */
  trimmed = 0;
  /** numbers from the target's sequence for `generated` columns; set by the loader */
  nextGenerated: () => bigint = () => {
    throw new Error(
      'no numbers were reserved for generated columns: set RowContext.nextGenerated before apply',
    );
  };
  #readLegacyKey: () => string = () => '';
  #legacyKey: string | undefined;

  /** Legacy key of the row as text; composite keys joined by `,`. Read on demand: most rows never need it. */
  get legacyKey(): string {
    this.#legacyKey ??= this.#readLegacyKey();
    return this.#legacyKey;
  }

  /** Says once where the legacy key is read. */
  bindLegacyKey(read: () => string): void {
    this.#readLegacyKey = read;
    this.#legacyKey = undefined;
  }

  reset(): void {
    this.#legacyKey = undefined;
    this.leftovers = null;
    this.keyReplaced = false;
    this.trimmed = 0;
    // Emptying an empty array is not free, and most rows gather nothing.
    if (this.faults.length > 0) this.faults.length = 0;
    if (this.warnings.length > 0) this.warnings.length = 0;
    if (this.ensured.length > 0) this.ensured.length = 0;
    if (this.links.length > 0) this.links.length = 0;
    if (this.kept.size > 0) this.kept.clear();
  }

  fault(column: string, reason: string, code: RejectCode = 'ERR_003'): void {
    this.faults.push({ code, column, reason });
  }

  warn(column: string, reason: string): void {
    this.warnings.push({ column, reason });
  }

  /** The text without white space at its ends, which is counted. */
  trim(text: string): string {
    const trimmed = trim(text);
    if (trimmed.length !== text.length) this.trimmed++;
    return trimmed;
  }

  /** Keeps a legacy value that has no column of its own, in this row only. */
  keep(key: string, json: string): void {
    this.kept.set(key, json);
  }
}

/** Writes one target column of one row; on a fault it has told the context and what it wrote does not matter. */
export type ColumnWriter = (row: RawRow, context: RowContext, out: TupleWriter) => void;

/** What consolidation and the like have decided about single rows before they are read. */
export interface RowDecisions {
  /** own UUIDs (lower case) that another row has taken: these rows get the UUIDv5 of theirs, with a warning */
  readonly reminted: ReadonlySet<string>;
}

/** All that a rule needs to become a `ColumnWriter`, decided once per run and not per value. */
export interface CompileInput {
  readonly step: string;
  readonly target: TargetColumn;
  /** the target column's type, understood */
  readonly type: TargetType;
  /** the target column is (part of) the target's key */
  readonly isKey: boolean;
  /** legacy columns that exist, by name */
  readonly source: ReadonlyMap<string, SourceColumn>;
  readonly sourceTable: string;
  readonly settings: TransformSettings;
  /** other rules need the target column's value: the writer must put it into `context.values` */
  readonly wanted: boolean;
  readonly references: (step: string) => ReferenceIndex;
  /** references of the entity to itself are resolved at once (verification) instead of left to `context.links` */
  readonly resolveOwn: boolean;
  readonly decisions: RowDecisions;
  /** the key under which each legacy column stands among the leftovers: its name in camelCase, unique */
  readonly leftoverKeys: ReadonlyMap<string, string>;
  /** the rule of the currency that rows have beside their amounts; undefined where they have none */
  readonly currency: CurrencyRule | undefined;
  /** legacy columns that no rule of the source uses */
  readonly leftovers: readonly SourceColumn[];
  /** where in this document merged legacy rows are kept, as an array */
  readonly attachedAt: readonly string[] | undefined;
  /** every value goes the way that states its meaning on text; tests compare it with the fast ways */
  readonly slow: boolean;
}
