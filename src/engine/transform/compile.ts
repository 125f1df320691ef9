import type { ComputedRule, Entity, RowCheck, Rule, Source } from '../../plan/model.js';
import type { RawRow, SourceColumn } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import { keyTextOf } from '../values/key-text.js';
import { compileRule } from './compile-rule.js';
import { compileConversion } from './conversion.js';
import { columnsOf, leftoverKeysOf, usedColumns } from './leftover-keys.js';
import { refusal } from './refuse.js';
import { leftoversWriter, takesLeftovers } from './rules/document.js';
import { targetKeyReader } from './target-key.js';
import { parseTargetType, type TargetType } from './target-type.js';
import type {
  ColumnWriter,
  CompileInput,
  ReferenceIndex,
  RowContext,
  RowDecisions,
  TargetColumn,
  TransformSettings,
} from './types.js';

/** From one raw row of a legacy table to one tuple of the target. */
export interface RowTransform {
  /** target columns in the order in which `apply` writes them */
  readonly columns: readonly string[];
  /**
   * Writes the row's tuple and fills the context. False when the row has faults: all of them are in the context, and
   * `out.position` is back where it was. The context is valid until the next row; so is `context.legacyKey`.
   */
  apply(row: RawRow, context: RowContext, out: TupleWriter): boolean;
}

export interface TransformPlan {
  readonly entity: Entity;
  readonly source: Source;
  readonly sourceColumns: readonly SourceColumn[];
  /** legacy key columns in order */
  readonly sourceKey: readonly string[];
  readonly targetColumns: readonly TargetColumn[];
  readonly settings: TransformSettings;
  readonly references: (step: string) => ReferenceIndex;
  /** references of the entity to itself are resolved, not left to `context.links` */
  readonly resolveOwn?: boolean;
  readonly decisions?: RowDecisions;
  /** further target columns whose values the caller wants in `context.values` */
  readonly wanted?: readonly string[];
  /** every value goes the slow way that states its meaning: for tests that compare it with the fast ways */
  readonly slow?: boolean;
}

interface Column {
  readonly name: string;
  readonly rule: Rule;
  readonly input: CompileInput;
}

/**
 * Decides once what to do with every column. Throws `MigrationError` ERR_002 naming the column and both types when
 * plan, legacy table and target do not fit together.
 */
export function compileTransform(plan: TransformPlan): RowTransform {
  const { entity, source } = plan;
  const checks = source.checks ?? [];
  const wanted = new Set([...(plan.wanted ?? []), ...neededValues(source, checks)]);
  const unordered = columnsFor(plan, wanted);
  const conversion = compileConversion(
    entity.conversion,
    plan.settings.exchangeRates,
    new Map(unordered.map((column) => [column.name, column])),
  );
  const columns = inOrder(unordered, plan, conversion?.columns ?? []);
  const keyReader = targetKeyReader(
    entity.key.map((name) => {
      const column = columns.find((candidate) => candidate.name === name);
      if (column === undefined) throw refusal(placeOf(plan, name), 'no rule writes it, and it is the key');
      return { name, type: column.input.type };
    }),
  );
  const writers: readonly ColumnWriter[] = columns.map(({ name, rule, input }) => {
    const writer = compileRule(rule, input);
    return keyReader.noting(name, conversion?.converting(name, writer) ?? writer);
  });
  const writeLeftovers = leftoversTaken(source) ? undefined : leftoversWriter((columns[0] as Column).input);
  const always = columns.some(({ name, rule }) => entity.key.includes(name) && rule.kind === 'generated');
  const readLegacyKey = legacyKeyReader(plan);
  let current: RawRow;
  const legacyKey = (): string => readLegacyKey(current);
  const values = [...wanted];
  const legacyNames = legacyNamesOf(plan);

  return {
    columns: columns.map(({ name }) => name),
    apply(row, context, out) {
      const start = out.position;
      current = row;
      context.reset();
      context.bindLegacyKey(legacyKey);
      if (always) context.keyReplaced = true;
      for (let i = 0; i < values.length; i++) context.values[values[i] as string] = undefined;
      out.beginRow(writers.length);
      for (let i = 0; i < writers.length; i++) (writers[i] as ColumnWriter)(row, context, out);
      for (let i = 0; i < checks.length; i++) runCheck(checks[i] as RowCheck, context, legacyNames);
      if (writeLeftovers !== undefined) writeLeftovers(row, context);
      if (context.attached.length > 0) context.attached = [];
      if (context.faults.length > 0) {
        out.position = start;
        return false;
      }
      context.targetKey = keyReader.read(out);
      return true;
    },
  };
}

function leftoversTaken(source: Source): boolean {
  return Object.values(source.columns).some(
    (rule) => rule.kind === 'document' && takesLeftovers(rule.fields),
  );
}

function neededValues(source: Source, checks: readonly RowCheck[]): readonly string[] {
  const computed = Object.values(source.columns).flatMap((rule) =>
    rule.kind === 'computed' ? rule.needs : [],
  );
  return [...computed, ...checks.flatMap((check) => check.needs)];
}

function placeOf(
  { entity, source }: TransformPlan,
  name: string,
  type = 'not there',
): Parameters<typeof refusal>[0] {
  return { step: entity.step, sourceTable: source.table, target: { name, type, nullable: true } };
}

function columnsFor(plan: TransformPlan, wanted: ReadonlySet<string>): Column[] {
  const { entity, source, sourceColumns, targetColumns, sourceKey } = plan;
  const used = usedColumns(source, sourceKey);
  const shared = {
    step: entity.step,
    source: new Map(sourceColumns.map((column) => [column.name, column])),
    sourceTable: source.table,
    settings: plan.settings,
    references: plan.references,
    resolveOwn: plan.resolveOwn ?? false,
    decisions: plan.decisions ?? { reminted: new Set<string>() },
    leftoverKeys: leftoverKeysOf(sourceColumns, source),
    currency: Object.values(source.columns).find((rule) => rule.kind === 'currency'),
    leftovers: sourceColumns.filter(({ name }) => !used.has(name)),
    slow: plan.slow ?? false,
  };
  for (const name of wanted)
    if (!(name in source.columns))
      throw refusal(placeOf(plan, name), 'its value is needed, and no rule writes it');
  return Object.entries(source.columns).map(([name, rule]) => {
    const target = targetColumns.find((column) => column.name === name);
    if (target === undefined) throw refusal(placeOf(plan, name), `${entity.table} has no such column`);
    return {
      name,
      rule,
      input: {
        ...shared,
        target,
        type: typeOf(plan, target),
        isKey: entity.key.includes(name),
        wanted: wanted.has(name),
        attachedAt: attachedAt(plan, name),
      },
    };
  });
}

function typeOf(plan: TransformPlan, target: TargetColumn): TargetType {
  const type = parseTargetType(target.type);
  if (type === undefined)
    throw refusal(placeOf(plan, target.name, target.type), 'no rule can write that type');
  return type;
}

/** Rows merged into rows of this source are kept in this column, at the path returned. */
function attachedAt({ entity, source }: TransformPlan, column: string): readonly string[] | undefined {
  const { consolidation } = entity;
  if (consolidation?.into !== source.table || consolidation.keptIn.column !== column) return undefined;
  return consolidation.keptIn.path;
}

/**
 * Plain columns first, in the target's order but for those that are converted together, then computed ones behind what
 * they need, then documents: they hold what the others keep.
 */
function inOrder(columns: readonly Column[], plan: TransformPlan, together: readonly string[]): Column[] {
  const position = new Map(plan.targetColumns.map(({ name }, i) => [name, i]));
  const rank = ({ name }: Column): number =>
    together.includes(name) ? position.size + together.indexOf(name) : (position.get(name) ?? 0);
  const sorted = columns.toSorted((a, b) => rank(a) - rank(b));
  const ordered = sorted.filter(({ rule }) => rule.kind !== 'computed' && rule.kind !== 'document');
  const placed = new Set(ordered.map(({ name }) => name));
  let waiting = sorted.filter(({ rule }) => rule.kind === 'computed');
  while (waiting.length > 0) {
    const ready = waiting.filter(({ rule }) =>
      (rule as ComputedRule).needs.every((name) => placed.has(name)),
    );
    if (ready.length === 0)
      throw refusal(
        placeOf(plan, (waiting[0] as Column).name),
        'what it is computed from is computed from itself',
      );
    for (const column of ready) placed.add(column.name);
    ordered.push(...ready);
    waiting = waiting.filter((column) => !ready.includes(column));
  }
  return [...ordered, ...sorted.filter(({ rule }) => rule.kind === 'document')];
}

function legacyKeyReader(plan: TransformPlan): (row: RawRow) => string {
  const readers = plan.sourceKey.map((name) => {
    const column = plan.sourceColumns.find((candidate) => candidate.name === name);
    if (column === undefined)
      throw refusal(placeOf(plan, plan.entity.key.join(', ')), `the legacy table has no key column ${name}`);
    return keyTextOf(column);
  });
  const [first, second] = readers;
  if (first !== undefined && second === undefined) return (row) => first(row) ?? '';
  return (row) => readers.map((read) => read(row) ?? '').join(',');
}

/** The legacy column that each target column comes from, for findings: the first of its rule that exists. */
function legacyNamesOf({ source, sourceColumns, sourceKey }: TransformPlan): ReadonlyMap<string, string> {
  const existing = new Set(sourceColumns.map(({ name }) => name));
  return new Map(
    Object.entries(source.columns).map(([name, rule]) => [
      name,
      columnsOf(rule, sourceKey).find((column) => existing.has(column)) ?? name,
    ]),
  );
}

/** A check whose columns have faults already has nothing to say. */
function runCheck(
  { needs, check }: RowCheck,
  context: RowContext,
  legacyNames: ReadonlyMap<string, string>,
): void {
  for (let i = 0; i < needs.length; i++) if (context.values[needs[i] as string] === undefined) return;
  const finding = check(context.values as Parameters<typeof check>[0]);
  if (finding === undefined) return;
  const column = legacyNames.get(finding.column) ?? finding.column;
  if (finding.warning === true) context.warn(column, finding.reason);
  else context.fault(column, finding.reason, finding.code);
}
