import type { RunStatus } from '../../src/contract/status.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import type { RunEnvironment } from './run-environment.js';

/** Rows and their order-free checksum, by what they are. */
export type RunContents = Readonly<Record<string, { readonly rows: number; readonly checksum: string }>>;

/**
 * All that a run has written, in a form that is the same for every run over the same legacy database: the moved rows,
 * where they came from, the quarantine and the notes. Left out are serial numbers, and the moments at which rows were
 * written; the start of the run, which stands in rows that have no date, is replaced.
 *
 * @param before SQL condition on `t`: rows of the target that were there before the run
 */
export async function contentsOf(
  environment: Pick<RunEnvironment, 'query'>,
  status: Pick<RunStatus, 'startedAt'>,
  before = 'false',
): Promise<RunContents> {
  const start = status.startedAt.replace('Z', '');
  const contents: Record<string, { rows: number; checksum: string }> = {};
  for (const [what, query] of Object.entries(queries(before))) {
    const [row] = await environment.query<{ rows: number; checksum: string }>(
      'target',
      `select count(*)::int as rows, coalesce(sum(('x' || left(md5(text), 15))::bit(60)::bigint), 0)::text as checksum
       from (select replace(replace(to_jsonb(q)::text, $1, 'START'), $2, 'START') as text from (${query}) q) r`,
      [start, start.replace(/0+$/, '')],
    );
    if (row) contents[what] = row;
  }
  return contents;
}

function queries(before: string): Record<string, string> {
  const serial: Record<string, string> = { inventory: 'id' };
  const tables = nxtPlan.schema.tables.map((table) => [
    table,
    `select to_jsonb(t) - '${serial[table] ?? ''}' from ${table} t where not (${before})`,
  ]);
  return {
    ...(Object.fromEntries(tables) as Record<string, string>),
    lineage: `select source_table, unnest(coalesce(legacy_keys, target_uuids::text[], target_bigints::text[], target_texts))
      from migration.lineage`,
    rejects: `select legacy_table, legacy_id, codes, column_name, reason, original from migration.rejects`,
    warnings: `select legacy_table, legacy_id, column_name, reason from migration.warnings`,
    merges: `select legacy_table, legacy_id, target_table, target_id, rule, code from migration.merges`,
    links: `select legacy_table, legacy_id, target_id, column_name, other_legacy_id, resolved from migration.links`,
    ensured: `select target_table, target_id from migration.ensured`,
    decisions: `select source_table, legacy_id, kind, other_table, other_id, rule from migration.decisions`,
    differences: `select legacy_table, legacy_id, column_name, kind, what from migration.differences`,
    checkpoints: `select name from migration.checkpoints`,
    'indexes and constraints': `select indexdef as definition from pg_indexes where schemaname = 'public'
      union all
      select conrelid::regclass::text || ' ' || conname || ' ' || convalidated || ' ' || pg_get_constraintdef(oid)
      from pg_constraint where connamespace = 'public'::regnamespace`,
  };
}
