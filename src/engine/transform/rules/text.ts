import { isUtf8 } from 'node:buffer';
import type { TextRule } from '../../../plan/model.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { isAsciiEmail, isEmail } from '../../values/email.js';
import { internationalPhone, phoneCountry } from '../../values/phone.js';
import { codePoints } from '../../values/text.js';
import { absentWriter, writeAbsent } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import type { Field } from '../field.js';
import { refusal, typeOfKind } from '../refuse.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';

export function compileText(rule: TextRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const max = Math.min(rule.max ?? Infinity, typeOfKind(input, rule.kind, 'text').max);
  const min = rule.min ?? 0;
  const emptyIsMissing = rule.required === true || rule.default !== undefined;
  const from = alternatives(rule.from, input, { emptyIsMissing });
  const shape = shaper(rule, input);

  const write = (text: string, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = text;
    out.text(text);
  };
  const absent = absentWriter(
    input,
    rule,
    from,
    rule.default === undefined ? undefined : write.bind(null, rule.default),
  );
  if (from.fields.length === 0) return writeAbsent(absent);

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    const shaped = text === '' ? text : shape(text, field.name, context);
    if (shaped === undefined) return;
    const length = codePoints(shaped);
    if (length > max) context.fault(field.name, `is longer than ${max} characters`);
    else if (length < min && shaped !== '') context.fault(field.name, `is shorter than ${min} characters`);
    else write(shaped, context, out);
  };

  return withFastPaths(from, input, slow, (field) =>
    rule.format === 'phone' || rule.known !== undefined || rule.lower === true
      ? undefined
      : fastText(rule, input, field, min, max, slow),
  );
}

/** The form in which a filled text is stored; undefined after a fault. */
function shaper(
  rule: TextRule,
  input: CompileInput,
): (text: string, column: string, context: RowContext) => string | undefined {
  if (rule.known !== undefined) {
    const known = new Set(rule.known);
    return (text, column, context) => {
      const lower = text.toLowerCase();
      if (!known.has(lower)) context.warn(column, `is none of ${rule.known?.join(', ')}; kept as it is`);
      return lower;
    };
  }
  if (rule.lower === true) return (text) => text.toLowerCase();
  if (rule.format === 'email')
    return (text, column, context) => {
      if (isEmail(text)) return text;
      if (rule.required !== true) context.warn(column, 'is not an e-mail address; kept as it is');
      else context.fault(column, 'is not an e-mail address');
      return rule.required === true ? undefined : text;
    };
  if (rule.format === 'phone') {
    const { defaultCountry } = input.settings;
    const country = defaultCountry === undefined ? undefined : phoneCountry(defaultCountry);
    if (defaultCountry !== undefined && country === undefined)
      throw refusal(input, `${defaultCountry} is not a country with phone numbers (ISO 3166, two letters)`);
    return (text, column, context) => {
      const international = internationalPhone(text, country);
      if (international === undefined)
        context.warn(column, 'cannot be brought into the international form; kept as it is');
      return international ?? text;
    };
  }
  return (text) => text;
}

/** Copies text that starts and ends with a visible ASCII character and is short enough in bytes. */
function fastText(
  rule: TextRule,
  input: CompileInput,
  { column, at }: Field,
  min: number,
  max: number,
  slow: ColumnWriter,
): ColumnWriter | undefined {
  if (column.kind !== 'text') return undefined;
  const { target, wanted } = input;
  const email = rule.format === 'email';
  const nullIsNull = rule.required !== true && rule.default === undefined && target.nullable && !wanted;
  return (row, context, out) => {
    const length = row.length[at] as number;
    if (length === -1 && nullIsNull) return out.null();
    if (length < 1 || length > max || length < min) return slow(row, context, out);
    const { bytes } = row;
    const start = row.start[at] as number;
    if (!isVisible(bytes[start] as number) || !isVisible(bytes[start + length - 1] as number))
      return slow(row, context, out);
    if (email && !isAsciiEmail(bytes, start, length)) return slow(row, context, out);
    if (!copyText(out, bytes, start, length, min)) return slow(row, context, out);
    if (wanted) context.values[target.name] = bytes.toString('utf8', start, start + length);
  };
}

function isVisible(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

/** From this length on native calls are cheaper than a loop. */
const longText = 160;

/** Copies a field; false, and nothing written, when the bytes have to be looked at: NUL, bad UTF-8, or few characters. */
function copyText(out: TupleWriter, from: Buffer, start: number, length: number, min: number): boolean {
  const before = out.position;
  if (length < longText) {
    out.reserve(4 + length);
    const { bytes } = out;
    const at = before + 4;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const byte = from[start + i] as number;
      bytes[at + i] = byte;
      // A NUL makes the sum negative, a byte beyond ASCII sets bit 7.
      seen |= byte | (byte - 1);
    }
    if ((seen & ~0x7f) === 0) {
      out.beginField();
      out.position += length;
      out.endField(before);
      return true;
    }
  }
  const part = from.subarray(start, start + length);
  // A code point has at most four bytes.
  if (length < 4 * min || !isUtf8(part) || part.includes(0)) return false;
  out.copy(from, start, length);
  return true;
}
