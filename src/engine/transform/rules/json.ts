import type { JsonRule, JsonValue } from '../../../plan/model.js';
import type { TupleWriter } from '../../target/tuple-writer.js';
import { JsonFault, parseJson } from '../../values/json-parse.js';
import { jsonText } from '../../values/json-text.js';
import { absentWriter, writeAbsent, type AbsentWriter } from '../absent.js';
import { alternatives, withFastPaths } from '../alternatives.js';
import type { Field } from '../field.js';
import { refusal, typeOfKind } from '../refuse.js';
import { remembering } from '../remembering.js';
import type { ColumnWriter, CompileInput, RowContext } from '../types.js';

export function compileJson(rule: JsonRule, input: CompileInput): ColumnWriter {
  const { target, wanted } = input;
  const { binary } = typeOfKind(input, rule.kind, 'json');
  const from = alternatives(rule.from, input, { emptyIsMissing: true, canonical: canonicalJson });
  const nullIsMissing = rule.required === true || rule.default !== undefined || !target.nullable;

  const write = (json: string, context: RowContext, out: TupleWriter): void => {
    if (wanted) context.values[target.name] = json;
    writeJson(out, json, binary);
  };
  const absent = absentWriter(input, rule, from, defaultOf(rule, input, write));
  if (from.fields.length === 0) return writeAbsent(absent);

  const slow: ColumnWriter = (row, context, out) => {
    const picked = from.pick(row, context);
    if (picked === undefined) return;
    const { field, text } = picked;
    if (text === null) return absent(context, out, field.name);
    let json: string;
    try {
      const document = parseJson(text);
      if (document === null && nullIsMissing) return absent(context, out, field.name);
      json = jsonText(reshaped(document, rule));
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      return context.fault(field.name, error.message);
    }
    write(json, context, out);
  };

  if (wanted) return slow;
  return withFastPaths(
    from,
    input,
    slow,
    (field) =>
      (rule.reshape === undefined && binary ? fastJson(field, nullIsMissing, slow) : undefined) ??
      // Of several columns more than one may be looked at.
      (from.fields.length === 1 ? repeatedJson(field, absent, slow) : undefined),
  );
}

/** A field of type jsonb (a version byte in front) or json. */
export function writeJson(out: TupleWriter, json: string, binary: boolean): void {
  const mark = out.beginField();
  if (binary) out.byte(1);
  out.utf8(json);
  out.endField(mark);
}

function defaultOf(
  rule: JsonRule,
  input: CompileInput,
  write: (json: string, context: RowContext, out: TupleWriter) => void,
): ((context: RowContext, out: TupleWriter) => void) | undefined {
  if (rule.default === undefined) return undefined;
  try {
    return write.bind(null, jsonText(parseJson(rule.default)));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw refusal(input, `the default of its rule ${error.message}`);
  }
}

/** What the plan's function rejects is a fault of the row; its own bugs (TypeError and the like) are not. */
function reshaped(document: JsonValue, { reshape }: JsonRule): JsonValue {
  if (reshape === undefined) return document;
  try {
    return reshape(document);
  } catch (error) {
    if (error instanceof Error && error.name === 'Error') throw new JsonFault(error.message);
    throw error;
  }
}

function canonicalJson(text: string): string {
  try {
    return jsonText(parseJson(text));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return text;
  }
}

/** The same documents come again and again. */
function repeatedJson({ at, name }: Field, absent: AbsentWriter, slow: ColumnWriter): ColumnWriter {
  const filled = remembering(at, slow);
  return (row, context, out) =>
    row.length[at] === -1 ? absent(context, out, name) : filled(row, context, out);
}

/** What a PostgreSQL sends as jsonb is canonical already: version byte and text pass as they are. */
function fastJson(
  { column, at }: Field,
  nullIsMissing: boolean,
  slow: ColumnWriter,
): ColumnWriter | undefined {
  if (column.kind !== 'jsonb' || column.encoding !== 'pg-binary') return undefined;
  return (row, context, out) => {
    const length = row.length[at] as number;
    const start = row.start[at] as number;
    // Five bytes may be a JSON null.
    if (length === -1 || (length === 5 && nullIsMissing && row.bytes[start + 1] === 0x6e))
      slow(row, context, out);
    else out.copy(row.bytes, start, length);
  };
}
