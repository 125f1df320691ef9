/** Which step comes before which: pure questions to a plan. Answers keep the order in which the plan names its steps. */
import type { Entity, Plan } from './model.js';

type Entities = Pick<Plan, 'entities'>;

/** A name that the plan does not have; the message lists those that it has. */
export class UnknownTableError extends Error {
  readonly unknown: readonly string[];

  constructor(plan: Plan, unknown: readonly string[]) {
    const what =
      unknown.length === 1 ? `no step or table ${unknown[0]}` : `no steps or tables ${unknown.join(', ')}`;
    super(`The plan ${plan.name} has ${what}. Allowed are ${allowedNames(plan).join(', ')}.`);
    this.name = 'UnknownTableError';
    this.unknown = unknown;
  }
}

/** Every name that means a step of the plan: the steps' own and their target tables'. */
export function allowedNames(plan: Plan): string[] {
  return [...new Set(plan.entities.flatMap((each) => [each.step, each.table]))];
}

/** The step of that name or of that target table, if there is one. */
export function findEntity(plan: Entities, name: string): Entity | undefined {
  return (
    plan.entities.find((each) => each.step === name) ?? plan.entities.find((each) => each.table === name)
  );
}

/** The steps that are named, by step or by target table. Throws `UnknownTableError`. */
export function entitiesNamed(plan: Plan, names: readonly string[]): Entity[] {
  const unknown = names.filter((name) => !findEntity(plan, name));
  if (unknown.length > 0) throw new UnknownTableError(plan, [...new Set(unknown)]);
  const wanted = new Set(names.map((name) => findEntity(plan, name)));
  return plan.entities.filter((each) => wanted.has(each));
}

/**
 * All steps, each after those it waits for. Otherwise in the plan's own order. The plan has no cycles: `definePlan`
 * refuses them.
 */
export function inOrder(plan: Entities): Entity[] {
  const done = new Set<Entity>();
  const visit = (entity: Entity): void => {
    if (done.has(entity)) return;
    for (const step of waitsFor(plan, entity.step)) {
      const before = findEntity(plan, step);
      if (before) visit(before);
    }
    done.add(entity);
  };
  plan.entities.forEach(visit);
  return [...done];
}

/** The asked steps, named by step or by target table, and all they depend on, in order. Throws `UnknownTableError`. */
export function withDependencies(plan: Plan, tables: readonly string[]): Entity[] {
  const wanted = new Set<string>();
  for (const { step } of entitiesNamed(plan, tables)) {
    wanted.add(step);
    for (const before of dependenciesOf(plan, step)) wanted.add(before);
  }
  return inOrder(plan).filter((each) => wanted.has(each.step));
}

/** The steps that a step depends on, directly or through others. */
export function dependenciesOf(plan: Entities, step: string): string[] {
  return stepsReached(plan, step, (each) => each.dependsOn);
}

/** The steps that depend on a step, directly or through others: what must be undone before it, last first. */
export function dependentsOf(plan: Entities, step: string): string[] {
  return inOrder(plan)
    .filter((each) => dependenciesOf(plan, each.step).includes(step))
    .map((each) => each.step)
    .toReversed();
}

/**
 * The steps that must be over before a step starts, where they are part of the run: those it depends on, and those
 * whose rows it only looks for (soft references), which it would otherwise miss.
 */
export function waitsFor(plan: Entities, step: string): string[] {
  const entity = findEntity(plan, step);
  return entity ? [...new Set(directlyBefore(entity))] : [];
}

/** Whether two steps may run side by side: neither waits for the other, directly or through others. */
export function areIndependent(plan: Entities, one: string, other: string): boolean {
  return (
    one !== other &&
    !stepsReached(plan, one, directlyBefore).includes(other) &&
    !stepsReached(plan, other, directlyBefore).includes(one)
  );
}

/** The steps that may run side by side with a step. */
export function independentOf(plan: Entities, step: string): string[] {
  return plan.entities.map((each) => each.step).filter((other) => areIndependent(plan, step, other));
}

function directlyBefore(entity: Entity): string[] {
  const lookedFor = (entity.softReferences ?? []).map((soft) => soft.to);
  return [...entity.dependsOn, ...lookedFor.filter((step) => step !== entity.step)];
}

function stepsReached(plan: Entities, start: string, next: (entity: Entity) => readonly string[]): string[] {
  const reached = new Set<string>();
  const visit = (step: string): void => {
    const entity = plan.entities.find((each) => each.step === step);
    for (const before of entity ? next(entity) : []) {
      if (reached.has(before)) continue;
      reached.add(before);
      visit(before);
    }
  };
  visit(start);
  return plan.entities.map((each) => each.step).filter((step) => reached.has(step));
}
