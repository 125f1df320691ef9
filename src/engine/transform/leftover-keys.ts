import type { DocumentField, Rule, Source } from '../../plan/model.js';
import type { SourceColumn } from '../row.js';

/** `legacy_note` → legacyNote. */
export function camelCase(name: string): string {
  const [first = '', ...rest] = name.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '');
  return [
    first === '' ? name : lowerFirst(first),
    ...rest.map((part) => part[0]?.toUpperCase() + part.slice(1)),
  ].join('');
}

/** `NAME` → name, `LegacyNote` → legacyNote. */
function lowerFirst(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : (word[0] as string).toLowerCase() + word.slice(1);
}

/**
 * The key of every legacy column among the leftovers: its name in camelCase, or the name itself where the key is taken
 * by another column or by an explicit field of the document. `id` is for the legacy id.
 */
export function leftoverKeysOf(
  columns: readonly SourceColumn[],
  source: Source,
): ReadonlyMap<string, string> {
  const explicit = new Map<string, readonly string[]>();
  for (const rule of Object.values(source.columns))
    if (rule.kind === 'document') collectExplicit(rule.fields, explicit);
  return uniqueKeys(
    columns,
    (key, name) => (explicit.get(key)?.includes(name) ?? true) && (key !== 'id' || name === 'id'),
  );
}

/** A key of its own for every column. A column whose name is in camelCase already has the first claim on it. */
export function uniqueKeys(
  columns: readonly SourceColumn[],
  allowed: (key: string, name: string) => boolean = () => true,
): ReadonlyMap<string, string> {
  const names = columns.map(({ name }) => name);
  const inCamelCase = (name: string): boolean => camelCase(name) === name;
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of [...names.filter(inCamelCase), ...names.filter((other) => !inCamelCase(other))]) {
    let key = [camelCase(name), name].find((one) => !taken.has(one) && allowed(one, name)) ?? `${name}_2`;
    for (let i = 3; taken.has(key); i++) key = `${name}_${i}`;
    taken.add(key);
    keys.set(name, key);
  }
  return keys;
}

/** The explicit fields of objects that take leftovers, with the legacy columns they come from. */
function collectExplicit(
  fields: Readonly<Record<string, DocumentField>>,
  into: Map<string, readonly string[]>,
  inLeftovers = false,
): void {
  for (const [key, field] of Object.entries(fields)) {
    if (inLeftovers) into.set(key, 'from' in field ? [field.from].flat() : []);
    if ('fields' in field) collectExplicit(field.fields, into, field.leftovers === true);
  }
}

/** The legacy columns that the rules of a source use, and those it drops on purpose. */
export function usedColumns(source: Source, key: readonly string[]): ReadonlySet<string> {
  const used = new Set<string>(Object.keys(source.dropped ?? {}));
  for (const rule of Object.values(source.columns)) for (const name of columnsOf(rule, key)) used.add(name);
  return used;
}

/** The legacy columns that a rule reads. */
export function columnsOf(rule: Rule, key: readonly string[]): readonly string[] {
  switch (rule.kind) {
    case 'generated':
    case 'constant':
      return [];
    case 'reference':
      return [rule.id, rule.code].filter((name) => name !== undefined);
    case 'computed':
      return rule.legacy === undefined ? [] : [rule.legacy.from];
    case 'document':
      return [...[rule.onto ?? []].flat(), ...columnsOfFields(rule.fields, key)];
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
      return [rule.from].flat();
  }
}

function columnsOfFields(
  fields: Readonly<Record<string, DocumentField>>,
  key: readonly string[],
): readonly string[] {
  return Object.values(fields).flatMap((field) => {
    if ('from' in field) return [field.from].flat();
    if ('legacyKey' in field) return [...key];
    return 'fields' in field ? columnsOfFields(field.fields, key) : [];
  });
}
