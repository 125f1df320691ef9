import { type ClientBase, DatabaseError, type Pool } from 'pg';
import { databaseError } from '../store/postgres-errors.js';

/** Rows of one step that were rejected for the same thing. Nothing of the rows themselves. */
export interface RejectReason {
  readonly step: string;
  readonly code: string;
  /** the first column that was at fault; null where it was the row */
  readonly column: string | null;
  readonly reason: string;
  readonly rows: number;
}

/**
 * A row's reason lists all its faults; it counts for the first. What differs from row to row in a reason (the key of
 * the other row, a place in a document) is left out, so that like comes to like.
 */
const rowsByReason = `
  with open_rejects as (
    select step, code, column_name,
      regexp_replace(
        regexp_replace(split_part(reason, '; ', 1), '(the same \\S+ as) (\\S+) .+$', '\\1 another of \\2'),
        ' \\(at character \\d+\\)', ''
      ) as reason
    from migration.rejects
    where run = $1 and resolved_at is null
  )
  select r.step, r.code, r.column_name, r.reason, count(*) as rows
  from open_rejects r
  left join migration.step_states s on s.run = $1 and s.step = r.step
  group by r.step, r.code, r.column_name, r.reason
  order by min(s.position), count(*) desc, r.code, r.column_name, r.reason`;

/** PostgreSQL's states for a table and a schema that do not exist. */
const notThereYet = new Set(['42P01', '3F000']);

/**
 * Why rows of the run are in quarantine now, counted: by step in the plan's order, the most frequent first.
 *
 * @param run workflow id
 * @throws MigrationError when the target cannot be reached
 */
export async function readRejectReasons(db: Pool | ClientBase, run: string): Promise<RejectReason[]> {
  try {
    const { rows } = await db.query<{
      step: string;
      code: string;
      column_name: string | null;
      reason: string;
      rows: string;
    }>(rowsByReason, [run]);
    return rows.map(({ step, code, column_name: column, reason, rows: counted }) => ({
      step,
      code,
      column,
      reason,
      rows: Number(counted),
    }));
  } catch (error) {
    if (error instanceof DatabaseError && notThereYet.has(error.code ?? '')) return [];
    throw databaseError(error, 'target');
  }
}
