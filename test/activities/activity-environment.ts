import { randomBytes } from 'node:crypto';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { Client } from 'pg';
import { inject } from 'vitest';
import { RunContext } from '../../activities/run-context.js';
import { loadConfig } from '../../src/config/load-config.js';
import { workflowType } from '../../src/contract/names.js';
import { createDatabase, type TestDatabase } from '../helpers/databases.js';

/** Activities as a worker would run them, over databases of their own and the shared Temporal. */
export interface ActivityEnvironment {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly context: RunContext;
  readonly temporal: TemporalClient;
  /** What Temporal tells one attempt; of the activity id given. */
  attempt(activityId?: string): MockActivityEnvironment;
  query<Row extends object>(database: 'source' | 'target', sql: string, values?: unknown[]): Promise<Row[]>;
  /** Starts a workflow that nobody works on: alive until it is terminated. Answers its id. */
  startWorkflow(): Promise<string>;
  close(): Promise<void>;
}

export async function createActivityEnvironment(
  settings: Record<string, string> = {},
): Promise<ActivityEnvironment> {
  const [source, target] = await Promise.all([createDatabase('legacy'), createDatabase('target')]);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const temporal = new TemporalClient({ connection });
  const config = loadConfig({
    NODE_ENV: 'test',
    SOURCE_DATABASE_URL: source.url,
    DATABASE_URL: target.url,
    ENABLE_REAL_TIME_MONITORING: 'false',
    ...settings,
  });
  const started: string[] = [];
  let scheduled = Date.now();
  return {
    source,
    target,
    context: new RunContext(config),
    temporal,
    attempt: (activityId = 'act') =>
      new MockActivityEnvironment(
        { activityId, activityType: activityId, currentAttemptScheduledTimestampMs: ++scheduled },
        { client: temporal, logger: new DefaultLogger('ERROR') },
      ),
    query: async (database, sql, values) => {
      const client = new Client({ connectionString: { source, target }[database].url });
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
    startWorkflow: async () => {
      const workflowId = `left-${randomBytes(6).toString('hex')}`;
      await temporal.workflow.start(workflowType, { taskQueue: workflowId, workflowId });
      started.push(workflowId);
      return workflowId;
    },
    close: async () => {
      for (const workflowId of started)
        await temporal.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined);
      await connection.close();
      await Promise.all([source.drop(), target.drop()]);
    },
  };
}
