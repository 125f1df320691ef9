import type { EnsuredParent, Entity, IdentityRule, Plan, Source } from '../../plan/model.js';

/** Where a name may be looked for. */
export interface Scope {
  readonly entities: readonly {
    readonly entity: Entity;
    readonly sources: readonly Source[];
    /** the name is a legacy table's: an id means first of all its own */
    readonly legacyFirst: boolean;
  }[];
  /** rules that make rows of the table that is named */
  readonly parents: readonly ParentRule[];
}

/** A column whose values are keys of rows that are made where they are missing. */
export interface ParentRule {
  readonly entity: Entity;
  readonly column: string;
  /** the kind of thing that its legacy ids name */
  readonly namespace: string;
  readonly ensures: EnsuredParent;
}

/** A name that the plan knows neither as a step nor as a table of either side. */
export class UnknownNameError extends Error {
  override readonly name = 'UnknownNameError';

  constructor(plan: Plan, name: string) {
    super(`The plan ${plan.name} has no step or table ${name}. Allowed are ${namesOf(plan).join(', ')}.`);
  }
}

/** Throws `UnknownNameError`. */
export function scopeOf(plan: Plan, name: string): Scope {
  const parents = parentRules(plan).filter(({ ensures }) => ensures.table === name);
  const named = plan.entities.filter((entity) => entity.step === name || entity.table === name);
  const entities =
    named.length > 0
      ? named.map((entity) => ({ entity, sources: entity.sources, legacyFirst: false }))
      : plan.entities.flatMap((entity) => {
          const sources = entity.sources.filter((source) => source.table === name);
          return sources.length > 0 ? [{ entity, sources, legacyFirst: true }] : [];
        });
  if (entities.length + parents.length === 0) throw new UnknownNameError(plan, name);
  return { entities, parents };
}

function parentRules(plan: Plan): ParentRule[] {
  return plan.entities.flatMap((entity) =>
    entity.sources.flatMap((source) =>
      Object.entries(source.columns).flatMap(([column, rule]) =>
        rule.kind === 'identity' && rule.ensures !== undefined
          ? [{ entity, column, namespace: namespaceName(rule, source), ensures: rule.ensures }]
          : [],
      ),
    ),
  );
}

/** The kind of thing that an identity's legacy ids name. */
export function namespaceName(rule: IdentityRule, source: Source): string {
  return rule.namespace ?? source.table;
}

function namesOf(plan: Plan): string[] {
  return [
    ...new Set([
      ...plan.entities.flatMap(({ step, table, sources }) => [
        step,
        table,
        ...sources.map((source) => source.table),
      ]),
      ...parentRules(plan).map(({ ensures }) => ensures.table),
    ]),
  ];
}
