import { quoteIdent } from '../../store/quote.js';
import type { TargetTable } from './describe-target.js';

/** The column of the lineage that has the keys, by their kind. */
export const lineageColumn = {
  uuid: 'target_uuids',
  bigint: 'target_bigints',
  text: 'target_texts',
} as const;

/**
 * SQL that is true for the row of `target`, called `alias`, whose key `value` is: a column of the lineage's key arrays,
 * where composite keys are JSON arrays of text.
 */
export function matchesKey(target: TargetTable, alias: string, value: string): string {
  return target.key
    .map((column, position) => {
      const type = target.columns.find((candidate) => candidate.name === column)?.type ?? 'text';
      const part = target.key.length === 1 ? value : `(${value}::jsonb->>${position})`;
      return `${alias}.${quoteIdent(column)} = ${target.keyKind === 'text' ? `${part}::${type}` : part}`;
    })
    .join(' and ');
}
