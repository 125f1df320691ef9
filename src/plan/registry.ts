/** The plans that this process knows: the built-in one, and those that were registered or loaded. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plan } from './model.js';
import { nxtPlan } from './nxt/plan.js';

const plans = new Map<string, Plan>([[nxtPlan.name, nxtPlan]]);

/** A plan that is not known here; the message lists those that are. */
export class UnknownPlanError extends Error {
  constructor(name: string) {
    super(
      `There is no plan "${name}". Known are ${planNames().join(', ')}. ` +
        'Plans of your own are loaded from the modules that MIGRATION_PLANS names.',
    );
    this.name = 'UnknownPlanError';
  }
}

/** A module of MIGRATION_PLANS that gives no plan; the message names its file. */
export class PlanModuleError extends Error {
  override readonly name = 'PlanModuleError';
}

export function planNames(): string[] {
  return [...plans.keys()].sort();
}

/** Throws `UnknownPlanError`. */
export function findPlan(name: string): Plan {
  const plan = plans.get(name);
  if (!plan) throw new UnknownPlanError(name);
  return plan;
}

/** Makes a plan known. Registering the same one again changes nothing; another one of the same name is refused. */
export function registerPlan(plan: Plan): void {
  const known = plans.get(plan.name);
  if (known && known !== plan)
    throw new Error(`There is a plan ${plan.name} already. Give the new one another name.`);
  plans.set(plan.name, plan);
}

/**
 * Imports modules and registers the plan that each of them exports, as `plan` or as its default. `modules` are paths
 * of compiled modules, relative ones from `folder`; this is what the worker does with MIGRATION_PLANS.
 *
 *     MIGRATION_PLANS=./my-plan.js,/opt/plans/another.js
 *
 * Throws `PlanModuleError` for a module that cannot be imported, that exports no plan, or whose plan has a name that is
 * taken.
 */
export async function loadPlans(modules: readonly string[], folder = process.cwd()): Promise<Plan[]> {
  const loaded: Plan[] = [];
  for (const module of modules) {
    const file = path.resolve(folder, module);
    const plan = await importPlan(file);
    try {
      registerPlan(plan);
    } catch (cause) {
      throw new PlanModuleError(`The plan module ${file} cannot be used: ${reasonOf(cause)}`, { cause });
    }
    loaded.push(plan);
  }
  return loaded;
}

async function importPlan(file: string): Promise<Plan> {
  const exported = await importModule(file);
  const plan = exported['plan'] ?? exported['default'];
  if (!isPlan(plan))
    throw new PlanModuleError(
      `The plan module ${file} exports no plan: it needs an export \`plan\`, made by definePlan.`,
    );
  return plan;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    const exported: Record<string, unknown> = await import(pathToFileURL(file).href);
    return exported;
  } catch (cause) {
    throw new PlanModuleError(`The plan module ${file} cannot be imported: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Plans from `definePlan` have been checked, and are frozen. */
function isPlan(value: unknown): value is Plan {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.isFrozen(value) &&
    'name' in value &&
    'entities' in value &&
    'schema' in value
  );
}
