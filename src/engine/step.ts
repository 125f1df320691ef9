import type { Client } from 'pg';
import { MigrationError } from '../contract/errors.js';
import type { RunRef } from '../contract/outline.js';
import type { Entity, Plan, Source } from '../plan/model.js';
import { MovedRows } from './references/moved-rows.js';
import type { SourceDatabase, SourceTable } from './source/types.js';
import { describeTarget, type TargetTable } from './target/describe-target.js';
import { compileTransform, type RowTransform } from './transform/compile.js';
import type { ReferenceIndex, RowDecisions, TransformSettings } from './transform/types.js';

/** A legacy table of a step, as its rules and as it is. */
export interface StepSource {
  readonly plan: Source;
  readonly table: SourceTable;
}

/** One step of a run with everything that is the same for all its rows. */
export interface Step {
  readonly ref: RunRef;
  readonly plan: Plan;
  readonly entity: Entity;
  readonly target: TargetTable;
  readonly sources: readonly StepSource[];
  readonly settings: TransformSettings;
}

/** Describes both sides of a step. Throws ERR_002 when a table or a usable key is missing. */
export async function openStep(
  parts: Pick<Step, 'ref' | 'plan' | 'entity' | 'settings'>,
  source: SourceDatabase,
  client: Client,
): Promise<Step> {
  const target = await describeTarget(client, parts.entity.table);
  if (!target)
    throw new MigrationError('ERR_002', `The target has no table ${parts.entity.table}.`, {
      next: "Let the run make the plan's tables in an empty target, or apply the plan's schema.",
      place: { server: 'target', table: parts.entity.table },
    });
  const sources = await Promise.all(parts.entity.sources.map((plan) => describeSource(source, plan)));
  return { ...parts, target, sources };
}

async function describeSource(source: SourceDatabase, plan: Source): Promise<StepSource> {
  const table = await source.describe(plan.table);
  if (!table)
    throw new MigrationError('ERR_002', `The source has no table ${plan.table}.`, {
      next: 'Check SOURCE_DATABASE_URL and the rights of its user, or leave the step out (tables).',
      place: { server: 'source', table: plan.table },
    });
  const key = plan.key ?? table.key;
  if (key.length === 0)
    throw new MigrationError(
      'ERR_002',
      `${plan.table} has no primary key and no unique index over columns that are never null.`,
      {
        next: 'Add a unique index over columns that are not null, so that every row can be named and counted once.',
        place: { server: 'source', table: plan.table },
      },
    );
  return { plan, table: { ...table, key } };
}

/** The rules of one source, compiled. */
export function compileSource(
  step: Step,
  source: StepSource,
  options: {
    references: (step: string) => ReferenceIndex;
    resolveOwn?: boolean;
    decisions?: RowDecisions;
  },
): RowTransform {
  return compileTransform({
    entity: step.entity,
    source: source.plan,
    sourceColumns: source.table.columns,
    sourceKey: source.table.key,
    targetColumns: step.target.columns,
    settings: step.settings,
    ...options,
  });
}

/** The steps that rows of this step refer to. */
export function referencedSteps(entity: Entity): string[] {
  const rules = entity.sources.flatMap((source) => Object.values(source.columns));
  return [...new Set(rules.flatMap((rule) => (rule.kind === 'reference' ? [rule.to] : [])))];
}

/** The step and its column by whose currencies amounts are converted; undefined when none are. */
function convertedBy({ entity, settings }: Step): { parent: string; column: string } | undefined {
  const parent = entity.conversion?.parent;
  if (parent === undefined || settings.exchangeRates === undefined) return undefined;
  const rule = entity.sources[0]?.columns[parent.reference];
  return rule?.kind === 'reference' ? { parent: rule.to, column: parent.currencies } : undefined;
}

/**
 * The rows that this run has moved of every step that is referred to, loaded; `own` adds the step itself. With
 * `knownBefore`, as they were for other steps before rows left their quarantine at that time or later.
 */
export async function loadReferences(
  step: Step,
  client: Client,
  options: { own: boolean; knownBefore?: string | null },
): Promise<Map<string, MovedRows>> {
  const names = referencedSteps(step.entity).filter((name) => name !== step.entity.step);
  const converted = convertedBy(step);
  const indexes = new Map<string, MovedRows>();
  for (const name of options.own ? [...names, step.entity.step] : names) {
    const entity = step.plan.entities.find((candidate) => candidate.step === name);
    if (!entity) throw new Error(`the plan has no step ${name}`);
    const index = new MovedRows(entity, step.ref.run, {
      currencies: name === converted?.parent ? converted.column : undefined,
      knownBefore: name === step.entity.step ? null : (options.knownBefore ?? null),
    });
    await index.load(client);
    indexes.set(name, index);
  }
  return indexes;
}
