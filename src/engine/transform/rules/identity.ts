import type { IdentityRule } from '../../../plan/model.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { isUuid, namespaceOf, readUuid, uuidBytes, uuidText, uuidV5 } from '../../values/uuid.js';
import { codePoints } from '../../values/text.js';
import { jsonString } from '../../values/json-text.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import type { Field } from '../field.js';
import { typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';

/** How many keys a rule remembers: warehouses and users come again in row after row. */
const remembered = 4096;

export function compileIdentity(rule: IdentityRule, input: CompileInput): ColumnWriter {
  const { target, wanted, isKey, decisions } = input;
  typeOfKind(input, rule.kind, 'uuid');
  const namespace = namespaceOf(rule.namespace ?? input.sourceTable);
  const from = alternatives(rule.from, input, {
    emptyIsMissing: true,
    canonical: (text) => (isUuid(text) ? text.toLowerCase() : text),
  });
  const absent = absentWriter(input, rule, from);
  if (from.fields.length === 0) return writeAbsent(absent);
  const reminted = isKey ? decisions.reminted : new Set<string>();
  const memo = new Map<string, Buffer>();
  const parent = rule.ensures?.table;
  const tooLong = longestLegacyId(rule);

  function keyOf(text: string): Buffer {
    if (isUuid(text) && !reminted.has(text.toLowerCase())) return uuidBytes(text);
    if (isKey) return uuidV5(namespace, nameOf(text));
    let key = memo.get(text);
    if (key === undefined) {
      if (memo.size >= remembered) memo.clear();
      memo.set(text, (key = uuidV5(namespace, nameOf(text))));
    }
    return key;
  }

  const write = (key: Buffer, legacyId: string, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = uuidText(key);
    if (rule.ensures !== undefined) context.ensured.push({ rule, key, legacyId });
    out.copy(key, 0, 16);
  };

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    if (!isUuid(text)) keepOriginal(text, field, context);
    else if (reminted.has(text.toLowerCase())) {
      context.warn(field.name, 'is the id of another row as well; this row got an id of its own');
      keepOriginal(text, field, context);
    }
    if (tooLong !== undefined && codePoints(text) > tooLong)
      return context.fault(
        field.name,
        `is longer than the ${tooLong} characters that ${parent} can keep of it`,
      );
    write(keyOf(text), text, context, out);
  };

  /** What the new id cannot tell any more; a parent that is made carries its legacy id itself. */
  function keepOriginal(text: string, field: Field, context: RowContext): void {
    if (isKey) context.keyReplaced = true;
    else if (rule.ensures === undefined) context.keep(field.key, jsonString(text));
  }

  if (reminted.size > 0 || wanted || rule.ensures !== undefined) return slow;
  return withFastPaths(from, input, slow, ({ column, at }) => {
    if (column.kind === 'uuid' && column.encoding === 'pg-binary')
      return (row, context, out) => {
        if (row.length[at] === 16) out.copy(row.bytes, row.start[at] as number, 16);
        else slow(row, context, out);
      };
    if (column.kind === 'int4' && column.encoding === 'pg-binary' && isKey)
      return (row, context, out) => {
        if (row.length[at] === -1) return slow(row, context, out);
        context.keyReplaced = true;
        out.copy(uuidV5(namespace, String(row.bytes.readInt32BE(row.start[at]))), 0, 16);
      };
    if (column.kind !== 'text' && column.encoding !== 'text') return undefined;
    return (row, context, out) => {
      if (row.length[at] !== 36) return slow(row, context, out);
      const mark = out.beginField();
      out.reserve(16);
      if (!readUuid(row.bytes, row.start[at] as number, out.bytes, out.position)) {
        out.position = mark;
        return slow(row, context, out);
      }
      out.position += 16;
      out.endField(mark);
    };
  });
}

/** How many characters of the legacy id the parent's columns can hold; undefined when any number. */
function longestLegacyId({ ensures }: IdentityRule): number | undefined {
  const limits = Object.values(ensures?.columns ?? {}).flatMap((column) =>
    'legacyId' in column && column.max !== undefined ? [column.max] : [],
  );
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** The name that is hashed: a UUID in the form in which it is compared. */
function nameOf(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}
