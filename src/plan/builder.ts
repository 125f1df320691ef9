/**
 * The words in which plans are written. Every rule names its target column first and reads the legacy column of the
 * same name unless `from` says otherwise:
 *
 *     source('legacy_customers', [
 *       identity('id'),
 *       text('company_name', { required: true, min: 2, max: 255 }),
 *       decimal('unit_price', { from: ['unit_price', 'price'], precision: 10, scale: 2, default: '0' }),
 *     ])
 */
import { checkPlan } from './check-plan.js';
import { deepFreeze } from './deep-freeze.js';
import type {
  BooleanRule,
  BusinessRule,
  ComputedRule,
  Consolidation,
  ConstantRule,
  CurrencyConversion,
  CurrencyRule,
  DateRule,
  DecimalRule,
  DerivedCount,
  DocumentField,
  DocumentRule,
  Entity,
  From,
  GeneratedRule,
  IdentityRule,
  IntegerRule,
  JsonRule,
  KeepRule,
  Plan,
  ReferenceRule,
  Rule,
  SoftReference,
  Source,
  TargetSchema,
  TextRule,
  TimestampRule,
  UniqueRule,
} from './model.js';

/** A rule and the target column it fills. */
export interface Column<R extends Rule = Rule> {
  readonly column: string;
  readonly rule: R;
}

type Options<R extends Rule & { from: From }> = Omit<R, 'kind' | 'from'> & { readonly from?: From };

export function text(column: string, options: Options<TextRule> = {}): Column<TextRule> {
  return { column, rule: { kind: 'text', from: column, ...options } };
}

export function currency(column: string, options: Options<CurrencyRule> = {}): Column<CurrencyRule> {
  return { column, rule: { kind: 'currency', from: column, ...options } };
}

export function decimal(column: string, options: Options<DecimalRule>): Column<DecimalRule> {
  return { column, rule: { kind: 'decimal', from: column, ...options } };
}

export function integer(column: string, options: Options<IntegerRule> = {}): Column<IntegerRule> {
  return { column, rule: { kind: 'integer', from: column, ...options } };
}

export function boolean(column: string, options: Options<BooleanRule> = {}): Column<BooleanRule> {
  return { column, rule: { kind: 'boolean', from: column, ...options } };
}

export function timestamp(column: string, options: Options<TimestampRule> = {}): Column<TimestampRule> {
  return { column, rule: { kind: 'timestamp', from: column, ...options } };
}

/** `created_at` and `updated_at`: a missing one becomes the start of the run. */
export function timestamps(): readonly Column<TimestampRule>[] {
  return [timestamp('created_at', { default: 'run' }), timestamp('updated_at', { default: 'run' })];
}

export function date(column: string, options: Options<DateRule> = {}): Column<DateRule> {
  return { column, rule: { kind: 'date', from: column, ...options } };
}

export function json(column: string, options: Options<JsonRule> = {}): Column<JsonRule> {
  return { column, rule: { kind: 'json', from: column, ...options } };
}

export function identity(column: string, options: Options<IdentityRule> = {}): Column<IdentityRule> {
  return { column, rule: { kind: 'identity', from: column, ...options } };
}

export function keep(column: string, options: Options<KeepRule> = {}): Column<KeepRule> {
  return { column, rule: { kind: 'keep', from: column, ...options } };
}

export function generated(column: string): Column<GeneratedRule> {
  return { column, rule: { kind: 'generated' } };
}

export function constant(column: string, value: string | null): Column<ConstantRule> {
  return { column, rule: { kind: 'constant', value } };
}

export function reference(column: string, options: Omit<ReferenceRule, 'kind'>): Column<ReferenceRule> {
  return { column, rule: { kind: 'reference', ...options } };
}

export function computed(column: string, options: Omit<ComputedRule, 'kind'>): Column<ComputedRule> {
  return { column, rule: { kind: 'computed', ...options } };
}

/** A document of fields; `onto` names the legacy document that it starts from. */
export function document(
  column: string,
  fields: Readonly<Record<string, DocumentField>>,
  options: Pick<DocumentRule, 'onto'> = {},
): Column<DocumentRule> {
  return { column, rule: { kind: 'document', fields, ...options } };
}

/** A field of a document with the value of a legacy column. */
export function field(from: From, as: 'plain' | 'json' = 'plain'): DocumentField {
  return { from, as };
}

/** A field that is the same in every row. */
export function fixed(value: string): DocumentField {
  return { constant: value };
}

/** An object within a document that takes, beside its own fields, all that no rule of the source has used. */
export function leftovers(fields: Readonly<Record<string, DocumentField>>): DocumentField {
  return { fields, leftovers: true };
}

/** The start of the run. */
export const runStart: DocumentField = Object.freeze({ runStart: true });

/** The legacy key, in rows whose target key is another. */
export const legacyKey: DocumentField = Object.freeze({ legacyKey: true });

/** Columns of a source before `definePlan` has looked at them: only a list can show that one is written twice. */
export interface SourceDraft extends Omit<Source, 'columns'> {
  readonly columns: readonly Column[];
}

export function source(
  table: string,
  columns: readonly Column[],
  options: Omit<Source, 'table' | 'columns'> = {},
): SourceDraft {
  return { table, columns, ...options };
}

export interface EntityDraft {
  readonly step: string;
  /** the step's name with `_` for `-` unless told */
  readonly table?: string;
  readonly label: string;
  readonly dependsOn?: readonly string[];
  /** `id` unless told */
  readonly key?: readonly string[];
  readonly code?: string;
  readonly sources: readonly SourceDraft[];
  readonly unique?: readonly UniqueRule[];
  readonly consolidation?: Consolidation;
  readonly derived?: readonly DerivedCount[];
  readonly softReferences?: readonly SoftReference[];
  readonly conversion?: CurrencyConversion;
}

export interface PlanDraft {
  readonly name: string;
  readonly title: string;
  readonly entities: readonly Entity[];
  readonly rules?: readonly BusinessRule[];
  readonly schema: TargetSchema;
}

/** One target table with its legacy sources. Throws when a source writes a column twice. */
export function entity(draft: EntityDraft): Entity {
  return {
    ...draft,
    table: draft.table ?? draft.step.replaceAll('-', '_'),
    dependsOn: draft.dependsOn ?? [],
    key: draft.key ?? ['id'],
    sources: draft.sources.map((from) => ({ ...from, columns: byColumn(draft.step, from) })),
  };
}

/** A plan that holds together, frozen to its depth. Throws one error that lists everything that is wrong with it. */
export function definePlan(draft: PlanDraft): Plan {
  const plan: Plan = { ...draft, rules: draft.rules ?? [] };
  const problems = checkPlan(plan);
  if (problems.length > 0)
    throw new Error(
      `The plan ${plan.name} cannot be used: ${problems.map((problem) => `\n- ${problem}`).join('')}`,
    );
  return deepFreeze(plan);
}

function byColumn(step: string, { table, columns }: SourceDraft): Record<string, Rule> {
  const rules: Record<string, Rule> = {};
  for (const { column, rule } of columns) {
    if (Object.hasOwn(rules, column))
      throw new Error(
        `Step ${step} writes the column ${column} twice from ${table}. Leave one of the two out.`,
      );
    rules[column] = rule;
  }
  return rules;
}
