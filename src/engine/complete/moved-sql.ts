import type { KeyKind } from '../target/key-array.js';
import { lineageColumn } from '../target/key-match.js';

/**
 * SQL of the rows that a run has moved for a step: `source_table`, `target` (the key, in the type of its lineage
 * column), `legacy` (the legacy key as text) and `kept` (jsonb). Parameters $1 and $2 are run and step.
 */
export function movedRowsSql(kind: KeyKind): string {
  return `select l.source_table, k.target, coalesce(k.legacy, k.target::text) as legacy, k.kept
    from migration.lineage l
    cross join lateral unnest(l.${lineageColumn[kind]}, l.legacy_keys, l.kept) k(target, legacy, kept)
    where l.run = $1 and l.step = $2`;
}
