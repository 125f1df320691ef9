import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { locateRow } from '../postgres/split-rows.js';
import { RawRow } from '../row.js';
import type { Step } from '../step.js';
import type { Decision } from '../survey/settle.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { fieldText } from '../transform/target-key.js';
import { parseTargetType } from '../transform/target-type.js';
import { fold } from '../values/text.js';

/**
 * The rows among those that would move whose unique keys, folded, are taken: by a row of the target, or by one before
 * them on the page. The survey settled this for the rows as they were then; since, they may have changed.
 *
 * @param ids the legacy ids of the chunk's tuples, in their order
 */
export async function findTaken(
  client: Client,
  { entity, target }: Step,
  sourceTable: string,
  chunk: PreparedChunk,
  ids: readonly string[],
): Promise<Decision[]> {
  const taken = new Map<string, Decision>();
  for (const { column } of entity.unique ?? []) {
    const keys = keysIn(chunk, target.columns, column);
    if (keys === undefined) continue;
    const owners = await standing(client, entity.table, target.key, column, [...new Set(keys)]);
    for (const [tuple, key] of keys.entries()) {
      const legacyId = ids[tuple] as string;
      if (key === null || taken.has(legacyId)) continue;
      const owner = owners.get(key);
      if (owner)
        taken.set(legacyId, { table: sourceTable, legacyId, kind: 'duplicate', rule: column, ...owner });
      else owners.set(key, { otherTable: sourceTable, otherId: legacyId });
    }
  }
  return [...taken.values()];
}

type Owner = Pick<Decision, 'otherTable' | 'otherId'>;

/** The folded keys of a column by tuple; undefined where the chunk does not write it. */
function keysIn(
  chunk: PreparedChunk,
  columns: Step['target']['columns'],
  column: string,
): (string | null)[] | undefined {
  const field = chunk.columns.indexOf(column);
  const type = parseTargetType(columns.find(({ name }) => name === column)?.type ?? '');
  if (field === -1 || type === undefined) return undefined;
  const row = new RawRow(chunk.columns.length);
  const rows = chunk.targetKeys.count;
  const tuples = { bytes: chunk.tuples.bytes, offsets: chunk.tupleStarts, rows };
  return Array.from({ length: rows }, (_, tuple) => {
    locateRow(tuples, tuple, row);
    return row.isNull(field) ? null : fold(fieldText(row.bytes, (row.start[field] as number) - 4, type));
  });
}

async function standing(
  client: Client,
  table: string,
  key: readonly string[],
  column: string,
  folded: readonly (string | null)[],
): Promise<Map<string, Owner>> {
  const name = quoteIdent(column);
  const id = key.map((part) => `${quoteIdent(part)}::text`).join(` || ',' || `);
  const { rows } = await client.query<{ id: string; key: string }>(
    `select ${id} as id, ${name}::text as key from ${quoteTable(table)} where lower(${name}::text) = any($1)`,
    [folded.filter((text) => text !== null)],
  );
  return new Map(rows.map((row) => [fold(row.key), { otherTable: table, otherId: row.id }]));
}
