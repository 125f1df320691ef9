import { keyReader } from '../decisions.js';
import { RawRow, type SourceChunk, type SourceColumn } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import type { StepSource } from '../step.js';
import { integerLimits, parseInteger } from '../values/integer.js';
import { parseBoolean } from '../values/boolean.js';
import { parseDate } from '../values/date.js';
import { parseDecimal } from '../values/decimal.js';
import { parseTimestamp } from '../values/timestamp.js';
import { comparableId, isUuid } from '../values/uuid.js';

/** A legacy row as the source has it now; the row is located. */
export interface LegacyRow {
  readonly row: RawRow;
  /** as the source writes it */
  readonly legacyId: string;
}

/**
 * The row with this id, the parts of a composite one joined by `,`. Undefined when there is none, also where the text is no
 * key of the table.
 */
export async function readLegacyRow(
  database: SourceDatabase,
  source: StepSource,
  id: string,
  signal: AbortSignal,
): Promise<LegacyRow | undefined> {
  const columns = source.table.key.flatMap(
    (name) => source.table.columns.find((column) => column.name === name) ?? [],
  );
  const keys = splits(id, columns.length).filter((parts) =>
    parts.every((part, i) => isValueOf(columns[i] as SourceColumn, part)),
  );
  const chunk: SourceChunk = await database.lookup(source.table, keys, signal);
  const row = new RawRow(source.table.columns.length);
  const keyOf = keyReader(source);
  const ids = Array.from({ length: chunk.rows }, (_, i) => {
    database.locate(chunk, i, row);
    return keyOf(row).join(',');
  });
  // A source may find ids that differ in case only: the one that is written as asked for is meant first.
  let at = ids.indexOf(id);
  if (at === -1) at = ids.findIndex((found) => comparableId(found) === comparableId(id));
  if (at === -1) return undefined;
  database.locate(chunk, at, row);
  return { row, legacyId: ids[at] as string };
}

/** All ways to cut a text at commas into so many parts: which of them are in a part cannot be seen. */
export function splits(text: string, parts: number): string[][] {
  if (parts === 1) return [[text]];
  const all: string[][] = [];
  for (let at = text.indexOf(','); at !== -1; at = text.indexOf(',', at + 1))
    for (const rest of splits(text.slice(at + 1), parts - 1)) all.push([text.slice(0, at), ...rest]);
  return all;
}

/** Whether a server can compare the column with this text: it refuses what is no value of the column's type. */
function isValueOf({ kind, type }: SourceColumn, text: string): boolean {
  switch (kind) {
    case 'uuid':
      return isUuid(text);
    case 'int2':
    case 'int4':
    case 'int8':
      return isInteger(text, type, Number(kind.slice(3)) as 2 | 4 | 8);
    case 'numeric':
      return parseDecimal(text) !== undefined;
    case 'bool':
      return parseBoolean(text) !== undefined;
    case 'timestamp':
    case 'timestamptz':
      return parseTimestamp(text) !== undefined;
    case 'date':
      return parseDate(text) !== undefined;
    case 'json':
    case 'jsonb':
      return false;
    case 'text':
      return !text.includes('\0');
  }
}

function isInteger(text: string, type: string, size: 2 | 4 | 8): boolean {
  if (!/^-?\d+$/.test(text)) return false;
  if (/unsigned/i.test(type)) return !text.startsWith('-');
  const value = parseInteger(text);
  return value !== undefined && value >= integerLimits[size].min && value <= integerLimits[size].max;
}
