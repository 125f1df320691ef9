/**
 * The plan model: what moves, as data and small pure functions. The engine interprets it and knows no table by name.
 *
 * Words: an *entity* is one target table with its legacy sources and is also the *step* of a run; a *rule* says how
 * one target column comes from legacy columns; a *fault* keeps a row out (it is rejected, whole, with its reasons),
 * a *warning* lets it in and is recorded.
 */
import type { RejectCode } from '../contract/errors.js';

/** One legacy column, or alternatives in order of preference: the first that is filled wins. */
export type From = string | readonly string[];

/**
 * Evaluated values of target columns, as checks and computed columns see them. `null` is SQL NULL. Text, ids (lower
 * case) and JSON (canonical) are strings; integers numbers (bigint with `big`); decimals units of 10^-scale, a number
 * up to 15 digits of precision, else a bigint; dates days since 2000-01-01, a number or infinite; timestamps microseconds since
 * then, a bigint. Values of one kind compare with `<`.
 */
export type Value = string | number | bigint | boolean | null;
export type Values = Readonly<Record<string, Value>>;

interface FieldRule {
  readonly from: From;
  /** missing (null, or empty after trimming) is a fault */
  readonly required?: boolean;
}

/** Text, trimmed of Unicode white space at both ends; lengths count code points. */
export interface TextRule extends FieldRule {
  readonly kind: 'text';
  readonly min?: number;
  readonly max?: number;
  /** used when missing (then '' is missing too) */
  readonly default?: string;
  /** compared and stored in lower case; a value outside `known` is kept with a warning */
  readonly known?: readonly string[];
  /** stored in lower case, as `known` does, where no list of values is given */
  readonly lower?: true;
  readonly format?: 'email' | 'phone';
}

/** ISO 4217 code, upper case. An unknown code becomes null with a warning; the default only fills an empty field. */
export interface CurrencyRule extends FieldRule {
  readonly kind: 'currency';
  readonly default?: string;
}

/** Exact decimal; a value outside precision and scale is a fault, never rounded. Its value is units of 10^-scale. */
export interface DecimalRule extends FieldRule {
  readonly kind: 'decimal';
  readonly precision: number;
  readonly scale: number;
  /** decimal text */
  readonly default?: string;
  /** inclusive limits as decimal text; outside is a fault (or a warning with `limits: 'warn'`) */
  readonly min?: string;
  readonly max?: string;
  readonly limits?: 'reject' | 'warn';
}

/** 32-bit integer (or `big: true`, 64-bit); `5.0` is 5. */
export interface IntegerRule extends FieldRule {
  readonly kind: 'integer';
  readonly big?: boolean;
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
  readonly limits?: 'reject' | 'warn';
  /**
   * `null`: what is no integer becomes null and is no fault; text only counts in the spelling of an integer column (no
   * leading zeros, no point), and an integer that is too big becomes null with a warning
   */
  readonly otherwise?: 'null';
}

/** true/false, 1/0, Y/N, yes/no, t/f in any case. */
export interface BooleanRule extends FieldRule {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

/** timestamptz in UTC with microseconds; text without a zone is read in the configured source zone. */
export interface TimestampRule extends FieldRule {
  readonly kind: 'timestamp';
  /** `run`: a missing value becomes the start of the run */
  readonly default?: 'run';
}

/** A date, without a time of day. */
export interface DateRule extends FieldRule {
  readonly kind: 'date';
}

/** A JSON document (jsonb); legacy text is parsed and a fault when it is not JSON. */
export interface JsonRule extends FieldRule {
  readonly kind: 'json';
  /** JSON text, used when missing (SQL NULL, JSON null, or empty text) */
  readonly default?: string;
  /** rewrites the parsed document, the same way for the same document; throws `Error` with a reason to reject it */
  readonly reshape?: (document: JsonValue) => JsonValue;
}

/**
 * JSON in memory without loss: numbers are kept as their text in `JsonNumber`, objects as entries in document order.
 */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export class JsonObject {
  readonly entries: [string, JsonValue][];
  constructor(entries: [string, JsonValue][]) {
    this.entries = entries;
  }
}

/**
 * The identity of a thing: a legacy id that is a UUID is kept (lower case); any other becomes the UUIDv5 of its text in
 * the namespace of its kind. `namespace` defaults to the legacy table.
 * The id of another thing than the row (a location, a user) that was no UUID is kept with the leftovers, unless `ensures`
 * writes it into the parent's row.
 */
export interface IdentityRule extends FieldRule {
  readonly kind: 'identity';
  readonly namespace?: string;
  /** make the row in this parent table when the target does not have it yet (generated warehouses) */
  readonly ensures?: EnsuredParent;
}

export interface EnsuredParent {
  readonly table: string;
  readonly key: string;
  /** further columns of the new row */
  readonly columns: Readonly<Record<string, EnsuredColumn>>;
}
/** `legacyId`: the legacy id as text, a fault when longer than `max` code points; `runStart`: the start of the run. */
export type EnsuredColumn =
  | { readonly legacyId: true; readonly max?: number }
  | { readonly runStart: true }
  | { readonly constant: string | boolean };

/** Keeps the legacy key's own type (integer or text keys of plans that do not use UUIDs). */
export interface KeepRule extends FieldRule {
  readonly kind: 'keep';
}

/** A number from the target's own sequence, reserved before the chunk is written. */
export interface GeneratedRule {
  readonly kind: 'generated';
}

/** Always the same value, as SQL text of the target column. */
export interface ConstantRule {
  readonly kind: 'constant';
  readonly value: string | null;
}

/**
 * The key of a row that this run moved into `to`, found by legacy id first, then by code (with a warning).
 * Not found: `missing: 'reject'` (ERR_004) or `'null'` (a warning). What could not be resolved is kept with the
 * leftovers; so is a code that was not needed and does not lead to the row that the id found. A reference of an entity
 * to itself is set after all its rows are in. An optional parent that is not named at all is a warning only with
 * `unnamed: 'warn'`.
 */
export interface ReferenceRule {
  readonly kind: 'reference';
  readonly to: string;
  readonly id?: string;
  readonly code?: string;
  readonly missing: 'reject' | 'null';
  readonly unnamed?: 'warn';
  /** what is referenced, for people: `supplier`, `price list` */
  readonly label: string;
}

/** A value computed from other target columns of the same row. */
export interface ComputedRule {
  readonly kind: 'computed';
  readonly needs: readonly string[];
  readonly compute: (values: Values) => Value;
  /**
   * a legacy column that holds the same figure: used when given (`prefer`, with `known` as in `TextRule`), or kept with
   * the leftovers and warned about when it differs (`compare`)
   */
  readonly legacy?: {
    readonly from: string;
    readonly use: 'prefer' | 'compare';
    readonly known?: readonly string[];
  };
}

/**
 * A jsonb document built from legacy columns, in the canonical key order of jsonb. Missing values are left out.
 * `leftovers` marks the object that takes everything of the legacy row that no rule of the source has used. A source
 * without such an object keeps its leftovers in the run's own tables, by target table and key.
 */
export interface DocumentRule {
  readonly kind: 'document';
  readonly fields: Readonly<Record<string, DocumentField>>;
  /**
   * A legacy JSON column (`{}` when missing, a fault when it is not JSON) that the document starts from. `fields` are
   * then added only to rows that have leftovers. A legacy document that is no object, or has one of the keys of
   * `fields`, becomes a leftover itself under its column's name, so that nothing is lost.
   */
  readonly onto?: From;
}
/**
 * `plain`: text, decimals and ids as strings, other types as they are. `json`: legacy text is parsed when it is JSON,
 * else kept as a string. `legacyKey`: the legacy key as text, in rows whose target key is another (a kept UUID is left
 * out).
 */
export type DocumentField =
  | { readonly from: From; readonly as?: 'plain' | 'json' }
  | { readonly constant: string }
  | { readonly runStart: true }
  | { readonly legacyKey: true }
  | { readonly fields: Readonly<Record<string, DocumentField>>; readonly leftovers?: true };

export type Rule =
  | TextRule
  | CurrencyRule
  | DecimalRule
  | IntegerRule
  | BooleanRule
  | TimestampRule
  | DateRule
  | JsonRule
  | IdentityRule
  | KeepRule
  | GeneratedRule
  | ConstantRule
  | ReferenceRule
  | ComputedRule
  | DocumentRule;

/**
 * What a row check finds: nothing, a fault, or a warning. `column` is a target column; the record names the legacy
 * column that it came from. Reasons never contain the row's values.
 */
export type Finding = {
  readonly column: string;
  readonly reason: string;
  readonly code?: RejectCode;
  readonly warning?: true;
};

/** A rule over several target columns of one row. */
export interface RowCheck {
  readonly needs: readonly string[];
  readonly check: (values: Values) => Finding | undefined;
}

/** One legacy table of an entity. */
export interface Source {
  readonly table: string;
  /** legacy key column(s) in order; found by introspection (primary key) when left out */
  readonly key?: readonly string[];
  /** a rule for every target column that the run writes: the same columns in every source of an entity */
  readonly columns: Readonly<Record<string, Rule>>;
  readonly checks?: readonly RowCheck[];
  /** legacy columns that are deliberately not kept, with the reason */
  readonly dropped?: Readonly<Record<string, string>>;
}

/** Two rows are the same when these target columns are equal after trimming and case folding. */
export interface UniqueRule {
  readonly column: string;
  /** the first good row by this legacy column (missing last), then by key in C order, stays */
  readonly firstBy: string;
}

/** Rows of `from` that are the same thing as a row of `into` become part of it. Matches are tried in order. */
export interface Consolidation {
  readonly into: string;
  readonly from: string;
  /** each match: target columns that must all be equal, folded; the first by `firstBy`, then key, wins */
  readonly matches: readonly { readonly rule: string; readonly columns: readonly string[] }[];
  readonly firstBy: string;
  /** target column whose folded values in this list never match (placeholders such as N/A) */
  readonly placeholders?: { readonly column: string; readonly setting: 'ignoredTaxIds' };
  /** where the merged rows are kept whole in the surviving row: a jsonb column and the path of an array */
  readonly keptIn: { readonly column: string; readonly path: readonly string[] };
}

/** A target column of another entity's row that is recomputed from this entity once its rows are in. */
export interface DerivedCount {
  readonly parent: string;
  readonly column: string;
  readonly reference: string;
  /** a legacy column of the parent with the same figure, kept with the leftovers; another value is a warning */
  readonly legacy?: string;
}

/** A text column that should name a row of another entity, by a folded code; none found is a warning. */
export interface SoftReference {
  readonly column: string;
  readonly to: string;
  readonly code: string;
  readonly reason: string;
}

/**
 * Amounts that are converted into the currency of their parent row when exchange rates are configured; without rates
 * nothing happens. A row whose currency the parent lists stays as it is; any other is converted into the first one
 * listed, and the original amounts and currency are kept with the leftovers. Amounts are multiplied exactly and then
 * rounded to the scale of their rule, half away from zero; those in documents to the scale of the first of `amounts`.
 * A result that does not fit the rule's precision is a fault; `min` and `max` look at the amount before. Checks and
 * computed columns see the converted row. A pair without a rate, and a row whose parent lists no currency, is not
 * converted, with a warning; a row without currency or parent is not converted either.
 */
export interface CurrencyConversion {
  /** target column with the ISO 4217 code */
  readonly currency: string;
  /** decimal target columns in that currency */
  readonly amounts: readonly string[];
  /** amounts inside documents: a jsonb column that is an array of objects, and the key of the amount in each */
  readonly inDocuments?: Readonly<Record<string, string>>;
  /** the reference to the parent, and the parent's jsonb column with an array of codes */
  readonly parent: { readonly reference: string; readonly currencies: string };
}

export interface Entity {
  readonly step: string;
  readonly table: string;
  /** plural noun for people */
  readonly label: string;
  readonly dependsOn: readonly string[];
  /** target key column(s) */
  readonly key: readonly string[];
  /** the target column by which references find a row when the id does not, compared trimmed and folded */
  readonly code?: string;
  readonly sources: readonly Source[];
  readonly unique?: readonly UniqueRule[];
  readonly consolidation?: Consolidation;
  readonly derived?: readonly DerivedCount[];
  readonly softReferences?: readonly SoftReference[];
  readonly conversion?: CurrencyConversion;
}

/** A business rule over the target after the move, as SQL that returns the failing rows' keys and nothing else. */
export interface BusinessRule {
  readonly name: string;
  readonly title: string;
  readonly step: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** a SELECT whose first column is the failing row's key as text; composite keys in key order, joined by commas */
  readonly failing: string;
}

export interface Plan {
  readonly name: string;
  readonly title: string;
  readonly entities: readonly Entity[];
  readonly rules: readonly BusinessRule[];
  readonly schema: TargetSchema;
}

/** The target's tables as the plan wants them, and the SQL migrations that make them. */
export interface TargetSchema {
  /** every table that belongs to the plan, parents first, including those only ensured (warehouses) */
  readonly tables: readonly string[];
  /**
   * absolute folder of SQL migrations in drizzle's layout (`NNNN_name.sql` beside `meta/_journal.json`), with all
   * tables, constraints and indexes; which are applied stands in the target's `migration.schema_migrations_<plan>`
   */
  readonly migrationsFolder: string;
}
