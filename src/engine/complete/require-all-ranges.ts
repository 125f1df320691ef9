import type { Client } from 'pg';
import type { Step } from '../step.js';

/** A step is complete when every one of its ranges is: whatever brought us here, rows that were not read are not left out. */
export async function requireAllRanges(client: Client, { ref, entity }: Step): Promise<void> {
  const { rows } = await client.query<{ open: number }>(
    'select count(*)::int as open from migration.ranges where run = $1 and step = $2 and done_at is null',
    [ref.run, entity.step],
  );
  const open = rows[0]?.open ?? 0;
  if (open > 0) throw new Error(`${entity.step} cannot be completed: ${open} of its ranges are not done`);
}
