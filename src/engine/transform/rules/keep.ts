import type { KeepRule } from '../../../plan/model.js';
import { codePoints } from '../../values/text.js';
import { isUuid, uuidBytes } from '../../values/uuid.js';
import { widerUuid } from '../../values/wider/uuid.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives } from '../alternatives.js';
import { refusal } from '../refuse.js';
import type { ColumnWriter, CompileInput } from '../types.js';
import { widening } from '../widening.js';
import { compileInteger } from './integer.js';

/** Integers stay integers, UUIDs UUIDs; text keys stay exactly what they are, white space included. */
export function compileKeep(rule: KeepRule, input: CompileInput): ColumnWriter {
  const { type } = input;
  if (type.kind === 'integer')
    return compileInteger({ ...rule, kind: 'integer', ...(type.size === 8 && { big: true }) }, input);
  if (type.kind === 'text') return keepText(rule, input, type.max);
  if (type.kind === 'uuid') return keepUuid(rule, input);
  throw refusal(input, 'a rule of kind keep writes keys of integers, text or UUIDs only');
}

function keepText(rule: KeepRule, input: CompileInput, max: number): ColumnWriter {
  const { target, wanted } = input;
  const from = alternatives(rule.from, input, { emptyIsMissing: false });
  const absent = absentWriter(input, rule, from);
  if (from.fields.length === 0) return writeAbsent(absent);
  return (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field } = picked;
    const text = field.exactText(row, context);
    if (text === undefined) return;
    if (text === null) return absent(context, out, field.name);
    if (codePoints(text) > max) return context.fault(field.name, `is longer than ${max} characters`);
    if (wanted) context.values[target.name] = text;
    out.text(text);
  };
}

function keepUuid(rule: KeepRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const from = alternatives(rule.from, input, { emptyIsMissing: true });
  const absent = absentWriter(input, rule, from);
  if (from.fields.length === 0) return writeAbsent(absent);
  const widened = widening(input, widerUuid);
  return (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const uuid = isUuid(text) ? text : widened(text, field, context);
    if (uuid === undefined) return context.fault(field.name, 'is not a UUID');
    if (wanted) context.values[target.name] = uuid.toLowerCase();
    out.copy(uuidBytes(uuid), 0, 16);
  };
}
