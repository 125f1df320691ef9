import type { Consolidation, DerivedCount, DocumentField, Entity, Plan, Rule, Source } from './model.js';
import { dependenciesOf, waitsFor } from './order.js';

/**
 * Everything that keeps a plan from being used, one sentence each; empty when it holds together. Only the plan is
 * looked at: whether the databases fit it is found out by introspection.
 */
export function checkPlan(plan: Plan): string[] {
  const names = checkNames(plan);
  // The other checks find steps by name and walk dependencies.
  if (names.length > 0) return names;
  const circles = checkDependencies(plan);
  if (circles.length > 0) return circles;
  return [
    ...plan.entities.flatMap((entity) => checkEntity(plan, entity)),
    ...checkRules(plan),
    ...checkSchema(plan),
  ];
}

function checkNames(plan: Plan): string[] {
  const steps = plan.entities.map((each) => each.step);
  const problems = [plan.name, ...steps]
    .filter((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    .map((name) => `"${name}" is not a name in kebab-case, such as price-lists`);
  if (steps.length === 0) problems.push('it has no steps');
  for (const step of repeated(steps)) problems.push(`two steps are called ${step}`);
  for (const table of repeated(plan.entities.map((each) => each.table)))
    problems.push(`two steps move into the table ${table}; give one step both sources`);
  for (const table of repeated(plan.entities.flatMap((each) => each.sources.map((source) => source.table))))
    problems.push(`the legacy table ${table} is the source of two steps, or twice of one`);
  return problems;
}

function checkDependencies(plan: Plan): string[] {
  const steps = plan.entities.map((each) => each.step);
  const unknown = plan.entities.flatMap((entity) =>
    waitsFor(plan, entity.step)
      .filter((step) => !steps.includes(step))
      .map((step) => `${entity.step} depends on ${step}, which is no step; steps are ${steps.join(', ')}`),
  );
  if (unknown.length > 0) return unknown;
  const circle = findCircle(steps, (step) => waitsFor(plan, step));
  return circle ? [`steps wait for each other in a circle: ${circle.join(' → ')}`] : [];
}

/** The first way from a name back to itself, if there is one: `['a', 'b', 'a']`. */
function findCircle(
  names: readonly string[],
  next: (name: string) => readonly string[],
): readonly string[] | undefined {
  const clear = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (clear.has(name)) return undefined;
    for (const each of next(name)) {
      const circle = visit(each, [...path, name]);
      if (circle) return circle;
    }
    clear.add(name);
    return undefined;
  };
  for (const name of names) {
    const circle = visit(name, []);
    if (circle) return circle;
  }
  return undefined;
}

function checkEntity(plan: Plan, entity: Entity): string[] {
  const [first, ...others] = entity.sources;
  if (!first) return [`${entity.step} has no source`];
  const columns = Object.keys(first.columns);
  const problems = [
    ...others.flatMap((source) => differentColumns(entity, first, source)),
    ...entity.sources.flatMap((source) => checkSource(plan, entity, source)),
    ...missing(entity.step, 'the key', entity.key, columns),
    ...missing(entity.step, 'the code', entity.code === undefined ? [] : [entity.code], columns),
    ...(entity.unique ?? []).flatMap((each) => missing(entity.step, 'a unique rule', [each.column], columns)),
    ...(entity.softReferences ?? []).flatMap((soft) => [
      ...missing(entity.step, 'a soft reference', [soft.column], columns),
      ...missingIn(plan, soft.to, `a soft reference of ${entity.step}`, soft.code),
    ]),
    ...(entity.derived ?? []).flatMap((derived) => checkDerived(plan, entity, derived)),
    ...(entity.consolidation ? checkConsolidation(entity, entity.consolidation, columns) : []),
    ...checkConversion(plan, entity, columns),
  ];
  if (entity.key.length === 0) problems.push(`${entity.step} has no key`);
  return problems;
}

function differentColumns(entity: Entity, first: Source, source: Source): string[] {
  const [one, other] = [Object.keys(first.columns), Object.keys(source.columns)];
  const different = [
    ...one.filter((column) => !other.includes(column)),
    ...other.filter((column) => !one.includes(column)),
  ];
  if (different.length === 0) return [];
  return [
    `the sources ${first.table} and ${source.table} of ${entity.step} do not write the same columns: ` +
      `${different.join(', ')} in only one of them; give the other a constant`,
  ];
}

function checkSource(plan: Plan, entity: Entity, source: Source): string[] {
  const columns = Object.keys(source.columns);
  const where = `${entity.step} (from ${source.table})`;
  const rules = Object.entries(source.columns);
  const problems = [
    ...rules.flatMap(([column, rule]) => checkRule(plan, entity, where, column, rule, columns)),
    ...(source.checks ?? []).flatMap((check) => missing(where, 'a row check', check.needs, columns)),
  ];
  const circle = findCircle(columns, (column) => {
    const rule = source.columns[column];
    return rule?.kind === 'computed' ? rule.needs : [];
  });
  if (circle)
    problems.push(`${where}: columns are computed from each other in a circle: ${circle.join(' → ')}`);
  const takers = rules.filter(([, rule]) => rule.kind === 'document' && takesLeftovers(rule.fields));
  if (takers.length > 1)
    problems.push(
      `${where} keeps leftovers in two documents: ${takers.map(([column]) => column).join(', ')}`,
    );
  return problems;
}

function checkRule(
  plan: Plan,
  entity: Entity,
  where: string,
  column: string,
  rule: Rule,
  columns: readonly string[],
): string[] {
  if (rule.kind === 'reference') return checkReference(plan, entity, where, column, rule);
  if (rule.kind === 'computed') return missing(where, `the computed column ${column}`, rule.needs, columns);
  if (rule.kind === 'identity' && rule.ensures && !plan.schema.tables.includes(rule.ensures.table))
    return [
      `${where}: ${column} makes rows in ${rule.ensures.table}, which is not among the schema's tables`,
    ];
  if (rule.kind === 'document' && rule.onto !== undefined && !takesLeftovers(rule.fields))
    return [`${where}: the document ${column} starts from a legacy one, but has no object for leftovers`];
  return [];
}

function checkReference(
  plan: Plan,
  entity: Entity,
  where: string,
  column: string,
  rule: Extract<Rule, { kind: 'reference' }>,
): string[] {
  const parent = plan.entities.find((each) => each.step === rule.to);
  if (!parent) return [`${where}: ${column} refers to ${rule.to}, which is no step`];
  const problems: string[] = [];
  if (parent !== entity && !dependenciesOf(plan, entity.step).includes(rule.to))
    problems.push(`${where}: ${column} refers to ${rule.to}, which ${entity.step} does not depend on`);
  if (rule.id === undefined && rule.code === undefined)
    problems.push(`${where}: the reference ${column} names neither an id nor a code to look for`);
  if (rule.code !== undefined && parent.code === undefined)
    problems.push(`${where}: ${column} looks for a code, but ${rule.to} has none`);
  if (parent === entity && rule.missing === 'reject')
    problems.push(
      `${where}: ${column} refers to its own step and is set after the load, so it cannot reject`,
    );
  if (parent === entity && rule.code !== undefined)
    problems.push(`${where}: ${column} refers to its own step, where rows are found by id, not by code`);
  return problems;
}

function checkDerived(plan: Plan, entity: Entity, derived: DerivedCount): string[] {
  const problems = missingIn(plan, derived.parent, `a derived count of ${entity.step}`, derived.column);
  for (const source of entity.sources) {
    const rule = source.columns[derived.reference];
    if (rule?.kind !== 'reference' || rule.to !== derived.parent)
      problems.push(
        `${entity.step} (from ${source.table}): ${derived.reference} is no reference to ${derived.parent}, ` +
          `whose ${derived.column} is counted by it`,
      );
  }
  return problems;
}

function checkConsolidation(entity: Entity, plan: Consolidation, columns: readonly string[]): string[] {
  const tables = entity.sources.map((source) => source.table);
  const problems = [plan.into, plan.from]
    .filter((table) => !tables.includes(table))
    .map(
      (table) => `${entity.step} consolidates ${table}, which is not among its sources ${tables.join(', ')}`,
    );
  const needs = plan.matches.flatMap((match) => match.columns);
  if (plan.placeholders) needs.push(plan.placeholders.column);
  problems.push(...missing(entity.step, 'the consolidation', needs, columns));
  const kept = entity.sources.find((source) => source.table === plan.into)?.columns[plan.keptIn.column];
  if (kept?.kind !== 'document')
    problems.push(`${entity.step} keeps merged rows in ${plan.keptIn.column}, which is not a document`);
  return problems;
}

function checkConversion(plan: Plan, entity: Entity, columns: readonly string[]): string[] {
  if (!entity.conversion) return [];
  const { currency, amounts, inDocuments = {}, parent } = entity.conversion;
  const needs = [currency, ...amounts, ...Object.keys(inDocuments), parent.reference];
  const rule = entity.sources[0]?.columns[parent.reference];
  return [
    ...missing(entity.step, 'the conversion of currencies', needs, columns),
    ...(rule?.kind === 'reference'
      ? missingIn(plan, rule.to, `the conversion of ${entity.step}`, parent.currencies)
      : [`${entity.step} converts currencies by ${parent.reference}, which is no reference`]),
  ];
}

function checkRules(plan: Plan): string[] {
  const steps = plan.entities.map((each) => each.step);
  return [
    ...repeated(plan.rules.map((rule) => rule.name)).map((name) => `two business rules are called ${name}`),
    ...plan.rules
      .filter((rule) => !steps.includes(rule.step))
      .map((rule) => `the business rule ${rule.name} belongs to ${rule.step}, which is no step`),
  ];
}

function checkSchema(plan: Plan): string[] {
  return plan.entities
    .filter((entity) => !plan.schema.tables.includes(entity.table))
    .map((entity) => `the table ${entity.table} of ${entity.step} is not among the schema's tables`);
}

function missing(
  where: string,
  what: string,
  needs: readonly string[],
  columns: readonly string[],
): string[] {
  return [...new Set(needs)]
    .filter((column) => !columns.includes(column))
    .map((column) => `${where}: ${what} needs the column ${column}, which no rule writes`);
}

/** The same question to another step, which may not be there at all. */
function missingIn(plan: Plan, step: string, what: string, column: string): string[] {
  const entity = plan.entities.find((each) => each.step === step);
  if (!entity) return [`${what} leads to ${step}, which is no step`];
  return missing(step, what, [column], Object.keys(entity.sources[0]?.columns ?? {}));
}

function takesLeftovers(fields: Readonly<Record<string, DocumentField>>): boolean {
  return Object.values(fields).some(
    (field) => 'fields' in field && (field.leftovers === true || takesLeftovers(field.fields)),
  );
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
