import type { Client } from 'pg';
import type { CheckOutcome } from '../checks/types.js';

/** Keeps what checks found; a check that is run again replaces its result. */
export async function saveChecks(
  client: Client,
  run: string,
  outcomes: readonly CheckOutcome[],
): Promise<void> {
  await client.query(
    `insert into migration.check_results (run, "check", title, severity, looked, failed, examples, at)
     select $1, r."check", r.title, r.severity, r.looked, r.failed, r.examples, now()
     from jsonb_to_recordset($2::jsonb)
       as r("check" text, title text, severity text, looked bigint, failed bigint, examples text[])
     on conflict (run, "check") do update set title = excluded.title, severity = excluded.severity,
       looked = excluded.looked, failed = excluded.failed, examples = excluded.examples, at = excluded.at`,
    [run, JSON.stringify(outcomes)],
  );
}
