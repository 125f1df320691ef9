import type { Step, StepSource } from './step.js';
import type { RawRow, SourceColumn } from './row.js';
import type { RowContext } from './transform/types.js';
import { uuidText } from './values/uuid.js';

/**
 * Makes the question whether a row's target key tells its legacy key, character by character. It does not where another
 * key was minted, where there are several key columns, or where the legacy UUID is written in capitals.
 */
export function keyTeller(
  { entity }: Step,
  { plan, table }: StepSource,
): (row: RawRow, context: RowContext) => boolean {
  const [name, ...others] = table.key;
  const column = table.columns.find((candidate) => candidate.name === name);
  const rule = plan.columns[entity.key[0] as string];
  const isSource = rule?.kind === 'identity' && rule.from === name && others.length === 0;
  // What a UUID column holds is printed in one way; of a text column the bytes say it without making a string.
  const kind = isSource ? writtenAs(column) : undefined;
  return (row, context) => {
    const { targetKey } = context;
    if (context.keyReplaced) return false;
    if (typeof targetKey === 'string') return targetKey === context.legacyKey;
    if (kind === 'uuid') return true;
    if (kind === 'text') return isPlainUuid(row, column as SourceColumn);
    return uuidText(targetKey) === context.legacyKey;
  };
}

function writtenAs(column: SourceColumn | undefined): 'uuid' | 'text' | undefined {
  if (column?.kind === 'text' || column?.encoding === 'text') return 'text';
  return column?.kind === 'uuid' ? 'uuid' : undefined;
}

/** Of a field that is a UUID, padded or not: whether it is written as PostgreSQL prints it. */
function isPlainUuid({ bytes, start, length }: RawRow, { field }: SourceColumn): boolean {
  const first = start[field] as number;
  if (length[field] !== 36) return false;
  // Of the characters of a UUID only capitals lack this bit.
  let all = 0x20;
  for (let at = first; at < first + 36; at++) all &= bytes[at] as number;
  return all !== 0;
}
