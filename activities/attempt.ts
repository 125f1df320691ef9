import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Info } from '@temporalio/activity';
import type { Client } from 'pg';
import { applicationName } from '../src/config/pool-config.js';
import { MigrationError } from '../src/contract/errors.js';

/** How long the server may take to end connections, in milliseconds. */
const patienceMs = 10_000;

/**
 * An attempt of an activity, as its connections to the target name it in `pg_stat_activity`. The act is the same for all
 * attempts, and for the activity that goes on with it after a pause; the order only grows.
 */
export interface AttemptName {
  readonly act: string;
  readonly order: number;
}

/**
 * The act is told by the workflow and by the activity id, which says what is done to which step; not by the execution,
 * since a run may continue as a new one. The order is the moment at which Temporal has scheduled the attempt.
 */
export function attemptName({
  activityId,
  workflowExecution,
  currentAttemptScheduledTimestampMs,
}: Pick<Info, 'activityId' | 'workflowExecution' | 'currentAttemptScheduledTimestampMs'>): AttemptName {
  // The server keeps 63 bytes of a name, and a workflow id may be longer.
  const hash = createHash('sha256')
    .update(JSON.stringify([workflowExecution?.workflowId ?? '', activityId]))
    .digest('hex');
  return { act: `${applicationName} ${hash.slice(0, 16)}`, order: currentAttemptScheduledTimestampMs };
}

export function connectionName({ act, order }: AttemptName): string {
  return `${act} ${order}`;
}

/**
 * Ends what earlier attempts of the same act have left open in the target. Temporal tries again when a worker falls
 * silent, and a silent worker need not be dead: frozen, or cut off by the network, it still holds its locks and its open
 * transaction, and would hold up the run for as long as it stays so. Should it come back, it finds its connections gone.
 *
 * Throws ERR_001, transient, when they do not end within ten seconds.
 */
export function endEarlierAttempts(client: Client, { act, order }: AttemptName): Promise<void> {
  return endConnections(
    client,
    `case when starts_with(application_name, $1) then substr(application_name, length($1) + 1)::bigint < $2 end`,
    [`${act} `, order],
  );
}

/** Ends the connections of this attempt, asked for on a connection that bears another name. Throws as above. */
export function endAttempt(client: Client, name: AttemptName): Promise<void> {
  return endConnections(client, 'application_name = $1', [connectionName(name)]);
}

async function endConnections(client: Client, which: string, values: unknown[]): Promise<void> {
  for (const giveUpAt = performance.now() + patienceMs; ; await sleep(50)) {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user and ${which}`,
      values,
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
