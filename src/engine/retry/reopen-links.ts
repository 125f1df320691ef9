import type { Client } from 'pg';
import type { Step } from '../step.js';
import { comparableId } from '../values/uuid.js';

/**
 * References to these rows that were left empty because the rows had not moved: they are open again, to be set when the
 * step is completed, and what was warned of is withdrawn. Of that column a completion warns only of links.
 */
export async function reopenLinks(
  client: Client,
  { ref, entity }: Step,
  moved: readonly string[],
): Promise<void> {
  await client.query(
    `with reopened as (
       update migration.links set resolved = null
       where run = $1 and step = $2 and resolved = false and other_legacy_id = any($3)
       returning legacy_table, legacy_id, column_name
     )
     delete from migration.warnings w using reopened r
     where w.run = $1 and w.step = $2 and w.legacy_table = r.legacy_table and w.legacy_id = r.legacy_id
       and w.column_name = r.column_name and w.range is null`,
    [ref.run, entity.step, moved.map(comparableId)],
  );
}
