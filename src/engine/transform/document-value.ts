/** How a legacy value stands in a jsonb document: canonical JSON text, as PostgreSQL prints it. */
import type { RawRow, SourceColumn } from '../row.js';
import { parseBoolean } from '../values/boolean.js';
import { parseInteger } from '../values/integer.js';
import { JsonFault, parseJson } from '../values/json-parse.js';
import { jsonString, jsonText } from '../values/json-text.js';
import { parseTimestamp, timestampText } from '../values/timestamp.js';
import type { RowContext } from './types.js';

type Reader = (row: RawRow, context: RowContext) => string | null | undefined;

/**
 * Text is trimmed (and parsed when `as` is `json` and it is JSON); decimals, ids and dates are strings, times ISO
 * strings, integers numbers, booleans booleans, JSON nested. A JSON column with what jsonb cannot hold is a fault.
 */
export function documentText(column: SourceColumn, read: Reader, as: 'plain' | 'json'): Reader {
  const convert = converter(column, as);
  return (row, context) => {
    const text = read(row, context);
    if (text === null || text === undefined) return text;
    try {
      return convert(context.trim(text));
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      context.fault(column.name, error.message);
      return undefined;
    }
  };
}

/** Ids stay strings whatever their type, so that no reader of the document rounds or adds them. */
export function isIdColumn(column: SourceColumn): boolean {
  return column.name === 'id' || /_id$/i.test(column.name);
}

/** MySQL's bit(1), which comes as the bit itself. */
export function isBit({ type, encoding }: SourceColumn): boolean {
  return encoding === 'text' && /^bit\(1\)/i.test(type);
}

function converter(column: SourceColumn, as: 'plain' | 'json'): (text: string) => string {
  if (isBit(column)) return (text) => String(parseBoolean(text) ?? jsonString(text));
  switch (column.kind) {
    case 'bool':
      return (text) => String(parseBoolean(text) ?? jsonString(text));
    case 'int2':
    case 'int4':
    case 'int8':
      return isIdColumn(column) ? jsonString : (text) => String(parseInteger(text) ?? jsonString(text));
    case 'timestamp':
    case 'timestamptz':
      return (text) => jsonString(isoText(text, column.kind === 'timestamptz'));
    case 'json':
    case 'jsonb':
      return (text) => jsonText(parseJson(text));
    case 'text':
      return as === 'json' ? nestedOrString : jsonString;
    case 'uuid':
    case 'numeric':
    case 'date':
      return jsonString;
  }
}

/** A local time stays local: it gets no zone that it did not have. */
function isoText(text: string, zoned: boolean): string {
  const time = parseTimestamp(text);
  return time === undefined || time.kind === 'zero'
    ? text
    : timestampText(time.micros, 'T', zoned ? 'Z' : '');
}

/** Text that is not JSON, or JSON that jsonb would change, is kept as a string: nothing of it is lost. */
function nestedOrString(text: string): string {
  try {
    return jsonText(parseJson(text));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return jsonString(text);
  }
}
