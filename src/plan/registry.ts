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
 */
export async function loadPlans(modules: readonly string[], folder = process.cwd()): Promise<Plan[]> {
  const loaded: Plan[] = [];
  for (const module of modules) {
    const plan = await importPlan(path.resolve(folder, module));
    registerPlan(plan);
    loaded.push(plan);
  }
  return loaded;
}

async function importPlan(file: string): Promise<Plan> {
  const exported = await importModule(file);
  const plan = exported['plan'] ?? exported['default'];
  if (!isPlan(plan))
    throw new Error(`${file} exports no plan: it needs an export \`plan\`, made by definePlan.`);
  return plan;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    const exported: Record<string, unknown> = await import(pathToFileURL(file).href);
    return exported;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The plan module ${file} cannot be imported: ${reason}`, { cause });
  }
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
