import type { DocumentField, From, Rule } from '../../plan/model.js';
import { takesLeftovers } from '../transform/rules/document.js';

type Words = { readonly [Kind in Rule['kind']]: (rule: Extract<Rule, { kind: Kind }>) => readonly Part[] };
type Part = string | false | undefined;

/** A rule as people say it: `trimmed text, required, 3–50 characters`. */
export function ruleInWords(rule: Rule): string {
  const describe = words[rule.kind] as (rule: Rule) => readonly Part[];
  return describe(rule)
    .filter((part) => part !== false && part !== undefined)
    .join(', ');
}

const words: Words = {
  text: (rule) => [
    'trimmed text',
    rule.format === 'email' && 'an e-mail address',
    rule.format === 'phone' && 'a telephone number in international form where it can be',
    (rule.known !== undefined || rule.lower === true) && 'in lower case',
    required(rule),
    limits(rule.min, rule.max, ' characters'),
    rule.known && `one of ${rule.known.join('/')}, else a warning`,
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  currency: (rule) => [
    'currency code of ISO 4217 in upper case',
    'an unknown one is left out',
    required(rule),
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  decimal: (rule) => [
    `exact decimal (${rule.precision},${rule.scale})`,
    required(rule),
    limits(rule.min, rule.max),
    rule.limits === 'warn' && 'outside is a warning',
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  integer: (rule) => [
    rule.big === true ? 'whole number of 64 bits' : 'whole number',
    required(rule),
    limits(rule.min, rule.max),
    rule.limits === 'warn' && 'outside is a warning',
    rule.otherwise === 'null' && 'empty where it is none',
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  boolean: (rule) => [
    'yes or no in any spelling',
    required(rule),
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  timestamp: (rule) => [
    'time in UTC',
    required(rule),
    rule.default === 'run' && 'the start of the run where missing',
    ...preference(rule.from),
  ],
  date: (rule) => ['date', required(rule), ...preference(rule.from)],
  json: (rule) => [
    'JSON with its numbers as they are',
    rule.reshape !== undefined && 'brought into another shape',
    required(rule),
    orDefault(rule.default),
    ...preference(rule.from),
  ],
  identity: (rule) => [
    'a UUID stays, any other id becomes the UUIDv5 of its text',
    rule.namespace !== undefined && `among ${rule.namespace}`,
    required(rule),
    rule.ensures && `made in ${rule.ensures.table} where it is missing there`,
    ...preference(rule.from),
  ],
  keep: (rule) => ['the legacy key as it is', required(rule), ...preference(rule.from)],
  generated: () => ["a number of the target's own sequence"],
  constant: ({ value }) => [value === null ? 'always empty' : `always ${value}`],
  reference: (rule) => [
    `the ${rule.label} named by ${[rule.id, rule.code].filter((name) => name !== undefined).join(', else by ')}`,
    rule.missing === 'reject' ? 'rejected where there is none' : 'empty, with a warning, where there is none',
  ],
  computed: (rule) => [
    `computed from ${rule.needs.join(', ')}`,
    rule.legacy?.use === 'prefer' && `${rule.legacy.from} where that is given`,
    rule.legacy?.use === 'compare' && `compared with ${rule.legacy.from}`,
  ],
  document: (rule) => [
    rule.onto === undefined ? 'JSON gathered' : `JSON of ${[rule.onto].flat().join(', else ')}`,
    `keys ${fieldNames(rule.fields).join(', ')}`,
    takesLeftovers(rule.fields) && 'with all that has no column of its own',
  ],
};

function required(rule: { readonly required?: boolean }): Part {
  return rule.required === true && 'required';
}

function orDefault(value: string | number | boolean | undefined): Part {
  return value !== undefined && `${String(value)} where missing`;
}

function limits(min: string | number | undefined, max: string | number | undefined, unit = ''): Part {
  if (min !== undefined && max !== undefined) return `${min}–${max}${unit}`;
  if (min !== undefined) return `at least ${min}${unit}`;
  return max !== undefined && `at most ${max}${unit}`;
}

function preference(from: From): readonly Part[] {
  return typeof from === 'string' || from.length < 2 ? [] : [`from ${from.join(', else ')}`];
}

function fieldNames(fields: Readonly<Record<string, DocumentField>>): string[] {
  return Object.entries(fields).flatMap(([key, field]) =>
    'fields' in field ? fieldNames(field.fields).map((inner) => `${key}.${inner}`) : [key],
  );
}
