import type { ReferenceRule } from '../../../plan/model.js';
import type { RawRow } from '../../row.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { fold } from '../../values/text.js';
import { comparableId, readUuid, uuidText } from '../../values/uuid.js';
import { widerUuid } from '../../values/wider/uuid.js';
import { jsonString } from '../../values/json-text.js';
import { optionalField } from '../alternatives.js';
import type { Field } from '../field.js';
import { refusal } from '../refuse.js';
import { valueFromText, writeValue } from '../target-value.js';
import type { ColumnWriter, CompileInput, Resolution, RowContext } from '../types.js';
import { widening } from '../widening.js';

type Found = Extract<Resolution, { found: true }>;

export function compileReference(rule: ReferenceRule, input: CompileInput): ColumnWriter {
  const { target, wanted, type } = input;
  const id = optionalField(rule.id, input);
  const code = optionalField(rule.code, input);
  if (id === undefined && code === undefined && rule.missing === 'reject')
    throw refusal(
      input,
      `the legacy table has no column ${[rule.id, rule.code].filter(Boolean).join(' or ')}`,
    );
  if (rule.missing === 'null' && !target.nullable)
    throw refusal(input, 'its rule may leave it empty, the target may not');
  if (rule.to === input.step && !input.resolveOwn) return linkLater(rule, input, id);
  if (id === undefined && code === undefined) return (_row, context, out) => writeNull(context, out);
  const index = input.references(rule.to);

  function writeNull(context: RowContext, out: TupleWriter): void {
    if (wanted) context.values[target.name] = null;
    out.null();
  }

  function writeKey({ key }: Found, context: RowContext, out: TupleWriter): void {
    if (typeof key !== 'string' && type.kind === 'uuid') {
      if (wanted) context.values[target.name] = uuidText(key);
      return out.copy(key, 0, 16);
    }
    const value = valueFromText(typeof key === 'string' ? key : uuidText(key), type);
    if (value === undefined)
      throw new TypeError(`the key of ${rule.to} does not fit column ${target.name} (${target.type})`);
    if (wanted) context.values[target.name] = value;
    writeValue(out, value, type);
  }

  // An id that a row goes by is never read in another way.
  const widened = widening(input, (text) => {
    const wider = widerUuid(text);
    const found = wider === undefined ? missing : index.byLegacyId(wider.value);
    return wider && found.found ? { value: found, as: wider.as } : undefined;
  });

  function findById(text: string, context: RowContext): Resolution {
    const found = index.byLegacyId(comparableId(text));
    return found.found ? found : (widened(text, id as Field, context) ?? missing);
  }

  const slow: ColumnWriter = (row, context, out) => {
    const idText = filled(id, row, context);
    const codeText = filled(code, row, context);
    if (idText === undefined || codeText === undefined) return;
    const byId = idText === null ? missing : findById(idText, context);
    if (byId.found) {
      if (byId.warning !== undefined) context.warn((id as Field).name, byId.warning);
      if (codeText !== null) keepOtherCode(codeText, byId, row, context);
      return writeKey(byId, context, out);
    }
    const byCode = codeText === null ? missing : index.byCode(fold(codeText));
    if (byCode.found) {
      if (byCode.warning !== undefined) context.warn((code as Field).name, byCode.warning);
      if (idText !== null) {
        context.warn((id as Field).name, `names no ${rule.label} that was moved; found by its code instead`);
        keepId(idText, context);
      }
      return writeKey(byCode, context, out);
    }
    const column = (idText === null && codeText !== null ? code : (id ?? code)) as Field;
    if (rule.missing === 'reject') {
      const why =
        idText === null && codeText === null ? 'is missing' : `names no ${rule.label} that was moved`;
      return context.fault(column.name, why, 'ERR_004');
    }
    if (idText !== null || codeText !== null) {
      context.warn(column.name, `names no ${rule.label} that was moved; left empty, the original is kept`);
      if (idText !== null) keepId(idText, context);
      if (codeText !== null) code?.keep(row, context);
    } else if (rule.unnamed === 'warn') {
      context.warn(column.name, `names no ${rule.label}; left empty`);
    }
    writeNull(context, out);
  };

  if (code !== undefined || id === undefined || wanted || type.kind !== 'uuid' || input.slow || !index.byUuid)
    return slow;
  const key = Buffer.alloc(16);
  if (id.column.kind === 'uuid' && id.column.encoding === 'pg-binary')
    return (row, context, out) => {
      if (row.length[id.at] === 16 && index.byUuid?.(row.bytes, row.start[id.at] as number, key))
        out.copy(key, 0, 16);
      else slow(row, context, out);
    };
  if (id.column.kind !== 'text' && id.column.encoding !== 'text') return slow;
  const read = Buffer.alloc(16);
  return (row, context, out) => {
    const isUuid = row.length[id.at] === 36 && readUuid(row.bytes, row.start[id.at] as number, read, 0);
    if (isUuid && index.byUuid?.(read, 0, key)) out.copy(key, 0, 16);
    else slow(row, context, out);
  };

  function keepId(text: string, context: RowContext): void {
    context.keep((id as Field).key, jsonString(text));
  }

  /** A code that leads elsewhere than the id says something that the id does not. */
  function keepOtherCode(text: string, byId: Found, row: RawRow, context: RowContext): void {
    const byCode = index.byCode(fold(text));
    if (!byCode.found || !sameKey(byCode.key, byId.key)) code?.keep(row, context);
  }
}

const missing: Resolution = { found: false };

function sameKey(a: Buffer | string, b: Buffer | string): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : a.equals(b);
}

/** Trimmed text; null when the column does not exist or is empty, undefined after a fault. */
function filled(field: Field | undefined, row: RawRow, context: RowContext): string | null | undefined {
  const text = field === undefined ? null : field.text(row, context);
  return text === '' ? null : text;
}

/** A parent may come after its child: the column stays empty until all rows of the entity are in. */
function linkLater(rule: ReferenceRule, input: CompileInput, id: Field | undefined): ColumnWriter {
  const { target, wanted } = input;
  if (!target.nullable)
    throw refusal(input, 'a reference of an entity to itself is set after the load, so it must be nullable');
  if (rule.code !== undefined) throw refusal(input, 'a reference of an entity to itself is found by id only');
  if (wanted)
    throw refusal(input, 'no computed column or check can use a reference that is set after the load');
  return (row, context, out) => {
    const text = filled(id, row, context);
    if (text === undefined) return;
    if (text !== null) context.links.push({ column: target.name, legacyId: comparableId(text) });
    out.null();
  };
}
