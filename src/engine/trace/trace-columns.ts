import type { Rule, Source } from '../../plan/model.js';
import type { Step } from '../step.js';
import type { TargetTable } from '../target/describe-target.js';
import { columnsOf, usedColumns } from '../transform/leftover-keys.js';
import { takesLeftovers } from '../transform/rules/document.js';
import { trim } from '../values/text.js';
import type { MadeRow } from './make-row.js';
import { ruleInWords } from './rule-words.js';
import type { ComparedTuple, StandingRow } from './target-row.js';
import type { Change, Known, Made, TracedColumn } from './types.js';

/** What is known of a row when its columns are told. */
export interface RowFacts {
  readonly target: TargetTable;
  readonly source: Source;
  /** undefined: the source was not read */
  readonly sourceColumns: readonly string[] | undefined;
  readonly sourceKey: readonly string[];
  readonly made: MadeRow | undefined;
  readonly compared: ComparedTuple | undefined;
  readonly standing: StandingRow | undefined;
  /** columns that are counted anew from other tables, and the rows that are counted, for people */
  readonly counted: ReadonlyMap<string, string>;
  /** references to rows of the same step that are not set yet */
  readonly pending: ReadonlySet<string>;
  /** why columns that differ do */
  readonly change: Change;
}

/** Every column of the target table, in its order. */
export function tracedColumns(facts: RowFacts): TracedColumn[] {
  return facts.target.columns.map(({ name }) => tracedColumn(name, facts));
}

/** Columns that are set after the load from other tables, and have a check of their own; with what is counted there. */
export function countedColumns({ plan, entity }: Pick<Step, 'plan' | 'entity'>): Map<string, string> {
  return new Map(
    plan.entities.flatMap((other) =>
      (other.derived ?? [])
        .filter((derived) => derived.parent === entity.step)
        .map((derived) => [derived.column, other.label] as const),
    ),
  );
}

function tracedColumn(name: string, facts: RowFacts): TracedColumn {
  const rule = facts.source.columns[name];
  const { made, compared, standing, counted, pending } = facts;
  const from = rule === undefined ? [] : legacyColumns(rule, facts);
  const expected = valueOf(compared?.values, name);
  const label = counted.get(name);
  const differs = compared?.differing?.has(name) === true && label === undefined && !pending.has(name);
  return {
    column: name,
    rule:
      label === undefined
        ? ((rule && ruleInWords(rule)) ?? null)
        : `counted anew from the ${label} that moved`,
    from: from.map((column) => ({ column, value: made ? { value: made.legacy[column] ?? null } : null })),
    expected,
    target: valueOf(standing?.values, name),
    made:
      label !== undefined
        ? 'counted'
        : pending.has(name)
          ? 'pending'
          : whatWasMade(rule, from, made, expected),
    change: differs ? facts.change : null,
  };
}

function valueOf(values: ReadonlyMap<string, string | null> | undefined, name: string): Known | null {
  const value = values?.get(name);
  return value === undefined ? null : { value };
}

/** The legacy columns that a rule reads, as far as they are there; of a document that takes them, the left ones too. */
function legacyColumns(rule: Rule, { source, sourceColumns, sourceKey }: RowFacts): string[] {
  const named = [...new Set(columnsOf(rule, sourceKey))];
  if (sourceColumns === undefined) return named;
  const used = usedColumns(source, sourceKey);
  const left =
    rule.kind === 'document' && takesLeftovers(rule.fields)
      ? sourceColumns.filter((column) => !used.has(column))
      : [];
  return [...named.filter((column) => sourceColumns.includes(column)), ...left];
}

function whatWasMade(
  rule: Rule | undefined,
  from: readonly string[],
  made: MadeRow | undefined,
  expected: Known | null,
): Made {
  if (rule === undefined) return 'not written';
  if (made?.faults.some((fault) => from.includes(fault.column)) === true) return 'at fault';
  if (made === undefined || expected === null) return 'not known';
  const texts = from.map((column) => made.legacy[column] ?? null);
  switch (rule.kind) {
    case 'generated':
      return 'generated';
    case 'constant':
      return 'constant';
    case 'document':
      return 'gathered';
    case 'computed':
      return rule.legacy?.use === 'prefer' && filled(texts) !== undefined
        ? ofField(texts, expected)
        : 'computed';
    case 'reference':
      if (expected.value !== null) return 'resolved';
      return filled(texts) === undefined ? 'empty' : 'unresolved';
    case 'text':
    case 'currency':
    case 'decimal':
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'date':
    case 'json':
    case 'identity':
    case 'keep':
      return ofField(texts, expected);
  }
}

function ofField(texts: readonly (string | null)[], { value }: Known): Made {
  const text = filled(texts);
  if (text === undefined) {
    if (value === null) return 'empty';
    return texts.includes(value) ? 'as it is' : 'defaulted';
  }
  if (value === text) return 'as it is';
  return value === trim(text) ? 'trimmed' : 'converted';
}

/** The first that says anything. */
function filled(texts: readonly (string | null)[]): string | undefined {
  return texts.flatMap((text) => (text === null || trim(text) === '' ? [] : [text]))[0];
}
