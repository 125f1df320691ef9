import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from 'pg';
import { applicationName } from '../src/config/pool-config.js';
import { MigrationError } from '../src/contract/errors.js';

/** How long the server may take to end connections, in milliseconds. */
const patienceMs = 10_000;

/**
 * The attempt of an activity that is running right now. Its connections to the target bear its name in
 * `pg_stat_activity`: ours, the activity's and the attempt's number.
 */
export interface Attempt {
  readonly activity: string;
  readonly number: number;
}

export function currentAttempt(): Attempt {
  const { activityId, attempt, workflowExecution } = Context.current().info;
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  // The server keeps 63 bytes of a name, and a workflow id may be longer.
  const hash = createHash('sha256')
    .update(JSON.stringify([workflowId, runId, activityId]))
    .digest('hex');
  return { activity: `${applicationName} ${hash.slice(0, 16)}`, number: attempt };
}

export function connectionName({ activity, number }: Attempt): string {
  return `${activity} ${number}`;
}

/**
 * Ends what earlier attempts of the same activity have left open in the target. Temporal tries again when a worker falls
 * silent, and a silent worker need not be dead: frozen, or cut off by the network, it still holds its locks and its open
 * transaction, and would hold up the run for as long as it stays so. Should it come back, it finds its connections gone.
 *
 * Throws ERR_001, transient, when they do not end within ten seconds.
 */
export async function endEarlierAttempts(client: Client, { activity, number }: Attempt): Promise<void> {
  if (number === 1) return;
  for (const giveUpAt = performance.now() + patienceMs; ; await sleep(50)) {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user
         and starts_with(application_name, $1) and substr(application_name, length($1) + 1)::int < $2`,
      [`${activity} `, number],
    );
    if (rowCount === 0) return;
    if (performance.now() > giveUpAt)
      throw new MigrationError(
        'ERR_001',
        `${rowCount} connections of an attempt that was given up do not end on the target.`,
        {
          transient: true,
          next: 'It is tried again by itself; if it stays so, end the connections that bear our name (pg_stat_activity).',
          place: { server: 'target' },
        },
      );
  }
}
