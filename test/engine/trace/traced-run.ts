import { Client } from 'pg';
import { loadConfig } from '../../../src/config/load-config.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import type { TraceQuery, Trace, TracedColumn, TracedRow } from '../../../src/engine/trace/types.js';
import { traceRow } from '../../../src/engine/trace/trace-row.js';
import { MigrationError } from '../../../src/contract/errors.js';
import type { Plan } from '../../../src/plan/model.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import type { RunEnvironment } from '../../helpers/run-environment.js';

/** Runs statements one by one. */
export async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Moves all steps but leaves the run open before its validation; `between` is done when they are in. */
export async function moveSteps(
  environment: RunEnvironment,
  workflowId: string,
  between: (retry: (table: string) => Promise<void>) => Promise<void>,
  plan: Plan = nxtPlan,
): Promise<void> {
  await environment.withWorker(async () => {
    const run = await environment.start(
      {
        plan: plan.name,
        mode: 'stepwise',
        // A row a chunk, so that a changed row is told from its neighbours.
        batchSizes: { default: 1 },
        backup: false,
        minQualityScore: 0,
        maxErrorRate: 1,
        alertErrorRate: 1,
      },
      workflowId,
    );
    const idle = () =>
      environment
        .waitFor(run, ({ state, now }) => state === 'waiting' && now.length === 0)
        .then(() => undefined);
    await idle();
    for (const { step } of plan.entities) {
      await run.executeUpdate('run-step', { args: [{ step }] });
      await environment.waitFor(
        run,
        (status) => status.steps.find((each) => each.step === step)?.state === 'completed',
      );
      await idle();
    }
    await between(async (table) => {
      await run.executeUpdate('retry', { args: [{ table }] });
      await idle();
    });
    await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
    await idle();
    await run.executeUpdate('finish', { args: [{}] });
    await run.result();
  });
}

/** Asks as the command does, over connections of its own. */
export async function trace(
  environment: RunEnvironment,
  query: TraceQuery,
  plan: Plan = nxtPlan,
  withSource = true,
): Promise<Trace> {
  const config = loadConfig(environment.env);
  const client = await connect({ connectionString: environment.target.url }, { readOnly: true });
  const source = withSource
    ? await openSource(config.source, config.database)
    : new MigrationError('ERR_001', 'The source is off.', { next: 'Wait.' });
  try {
    return await traceRow({ client, source, plan, reading: config.reading }, query);
  } finally {
    await client.end();
    if (!(source instanceof MigrationError)) await source.close();
  }
}

/** The one row of an answer. */
export function onlyRow({ rows, asked }: Trace): TracedRow {
  const [row, ...others] = rows;
  if (!row || others.length > 0) throw new Error(`${rows.length} rows for ${asked.table} ${asked.id}`);
  return row;
}

export function columnOf({ columns }: TracedRow, name: string): TracedColumn {
  const column = columns.find((each) => each.column === name);
  if (!column) throw new Error(`there is no column ${name}`);
  return column;
}
