import type { DocumentField, DocumentRule, From } from '../../../plan/model.js';
import { JsonObject } from '../../../plan/model.js';
import { TupleWriter } from '../../target/tuple-writer.js';
import { JsonFault, parseJson } from '../../values/json-parse.js';
import { compareKeys, jsonString, jsonText } from '../../values/json-text.js';
import { alternatives, type Alternatives } from '../alternatives.js';
import { fieldOf } from '../field.js';
import { memberWriter } from '../member-writer.js';
import { objectWriter, type Member, type MemberWriter, type ObjectWriter } from '../object-writer.js';
import { refusal, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';
import type { RawRow } from '../../row.js';
import { writeJson } from './json.js';

/** Runs last of all rules, when they have kept what they keep. */
export function compileDocument(rule: DocumentRule, input: CompileInput): ColumnWriter {
  const { binary } = typeOfKind(input, rule.kind, 'json');
  if (input.wanted) throw refusal(input, 'no computed column or check can use a document');
  const { attachedAt } = input;
  const members = membersOf(rule.fields, input, attachedAt);
  if (rule.onto !== undefined) return ontoDocument(rule.onto, members, input, binary);
  const write = objectWriter(members, false);
  return (row, context, out) => {
    const mark = out.beginField();
    if (binary) out.byte(1);
    write(row, context, out);
    out.endField(mark);
  };
}

/** What no rule of a source uses, for entities whose target has no document that takes it. */
export function leftoversWriter(input: CompileInput): (row: RawRow, context: RowContext) => void {
  const write = objectWriter(leftoverMembers({}, input, undefined), true);
  const scratch = new TupleWriter(1 << 12);
  return (row, context) => {
    scratch.position = 0;
    const own = write(row, context, scratch);
    context.leftovers = own === 0 ? null : scratch.bytes.toString('utf8', 0, scratch.position);
  };
}

/** Whether a document has an object that takes the leftovers. */
export function takesLeftovers(fields: Readonly<Record<string, DocumentField>>): boolean {
  return Object.values(fields).some(
    (field) => 'fields' in field && (field.leftovers === true || takesLeftovers(field.fields)),
  );
}

function membersOf(
  fields: Readonly<Record<string, DocumentField>>,
  input: CompileInput,
  attachedAt: readonly string[] | undefined,
): Member[] {
  const members = Object.entries(fields).flatMap(([key, field]): Member[] => {
    const inside = attachedAt?.[0] === key ? attachedAt.slice(1) : undefined;
    return memberOf(key, field, input, inside);
  });
  const [next, ...rest] = attachedAt ?? [];
  if (next === undefined || next in fields) return members;
  return [...members, attachedMember(next, rest)];
}

function memberOf(
  key: string,
  field: DocumentField,
  input: CompileInput,
  attachedAt: readonly string[] | undefined,
): Member[] {
  if ('constant' in field) return [constantMember(key, jsonString(field.constant))];
  if ('runStart' in field) return [constantMember(key, jsonString(input.settings.runStartIso))];
  if ('legacyKey' in field) return [{ key, write: writeLegacyKey }];
  if ('from' in field) {
    const write = fromWriter(field.from, field.as ?? 'plain', input);
    return write === undefined ? [] : [{ key, write }];
  }
  const inner =
    field.leftovers === true
      ? leftoverMembers(field.fields, input, attachedAt)
      : membersOf(field.fields, input, attachedAt);
  const write = objectWriter(inner, field.leftovers === true);
  return [{ key, write: always(write), constant: inner.every((member) => member.constant === true) }];
}

function always(write: ObjectWriter): MemberWriter {
  return (row, context, out) => {
    write(row, context, out);
    return true;
  };
}

function constantMember(key: string, json: string): Member {
  const bytes = Buffer.from(json);
  return {
    key,
    constant: true,
    write(_row, _context, out) {
      out.raw(bytes, 0, bytes.length);
      return true;
    },
  };
}

/** An array of the legacy rows that were merged into this one, at the end of the path. */
function attachedMember(key: string, path: readonly string[]): Member {
  const [next, ...rest] = path;
  if (next !== undefined) {
    const write = objectWriter([attachedMember(next, rest)], false);
    return { key, write: (row, context, out) => context.attached.length > 0 && write(row, context, out) > 0 };
  }
  return {
    key,
    write(_row, context, out) {
      if (context.attached.length === 0) return false;
      out.utf8(`[${context.attached.join(', ')}]`);
      return true;
    },
  };
}

/** The explicit fields, what no rule uses, and the legacy id where the row has another now. */
function leftoverMembers(
  fields: Readonly<Record<string, DocumentField>>,
  input: CompileInput,
  attachedAt: readonly string[] | undefined,
): Member[] {
  const explicit = membersOf(fields, input, attachedAt);
  const saysLegacyKey = Object.values(fields).some((field) => 'legacyKey' in field) || 'id' in fields;
  const others = input.leftovers.map((column): Member => {
    const key = input.leftoverKeys.get(column.name) ?? column.name;
    return { key, write: memberWriter(fieldOf(column, key), 'plain', input.slow) };
  });
  const id: Member[] = saysLegacyKey ? [] : [{ key: 'id', write: writeLegacyKey }];
  return [...explicit, ...others, ...id];
}

const writeLegacyKey: MemberWriter = (_row, context, out) => {
  if (!context.keyReplaced) return false;
  out.utf8(jsonString(context.legacyKey));
  return true;
};

function fromWriter(from: From, as: 'plain' | 'json', input: CompileInput): MemberWriter | undefined {
  const choice = alternatives(from, input, { emptyIsMissing: false });
  const writers = choice.fields.map((field) => memberWriter(field, as, input.slow));
  if (writers.length < 2) return writers[0];
  return (row, context, out) => {
    const picked = choice.pick(row, context);
    if (picked === undefined || picked.text === null) return false;
    return writers[choice.fields.indexOf(picked.field)]?.(row, context, out) ?? false;
  };
}

/** A document of the legacy table itself, with `members` beside its own keys in rows that have leftovers. */
function ontoDocument(
  onto: From,
  members: readonly Member[],
  input: CompileInput,
  binary: boolean,
): ColumnWriter {
  const base = alternatives(onto, input, { emptyIsMissing: true });
  const scratch = new TupleWriter(1 << 12);
  const names = new Set(members.map(({ key }) => key));
  return (row, context, out) => {
    const document = base.fields.length === 0 ? new JsonObject([]) : baseDocument(base, names, row, context);
    if (document === undefined) return;
    let own = 0;
    const entries: [string, string][] = document.entries.map(([key, value]) => [key, jsonText(value)]);
    for (const { key, write, constant } of members) {
      scratch.position = 0;
      if (!write(row, context, scratch)) continue;
      const json = scratch.bytes.toString('utf8', 0, scratch.position);
      entries.push([key, json]);
      if (constant !== true && json !== '{}') own++;
    }
    if (own === 0) entries.length = document.entries.length;
    entries.sort(([a], [b]) => compareKeys(a, b));
    writeJson(out, `{${entries.map(([key, json]) => `${jsonString(key)}: ${json}`).join(', ')}}`, binary);
  };
}

/** The legacy document where it can be gone on with; any other is kept and an empty one begun. */
function baseDocument(
  base: Alternatives,
  taken: ReadonlySet<string>,
  row: RawRow,
  context: RowContext,
): JsonObject | undefined {
  const picked = base.pick(row, context);
  if (picked === undefined) return undefined;
  const { field, text } = picked;
  if (text === null) return new JsonObject([]);
  try {
    const document = parseJson(text);
    if (document === null) return new JsonObject([]);
    if (document instanceof JsonObject && !document.entries.some(([key]) => taken.has(key))) {
      jsonText(document);
      return document;
    }
    context.keep(field.key, jsonText(document));
    return new JsonObject([]);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    context.fault(field.name, error.message);
    return undefined;
  }
}
