/** Finding the run that a person means. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { MigrationError } from '../contract/errors.js';
import { workflowType } from '../contract/names.js';
import type { TemporalDoor } from './connect-temporal.js';
import { runIdOf, type RunHandle, type RunWorkflow } from './runs.js';
import { temporalError } from './temporal-error.js';

/**
 * The run of this name or workflow id, open or closed; without one, the only run that is open: there is one per target.
 *
 * @throws MigrationError ERR_002 when there is none of that name, when none is open or several are; ERR_001 when Temporal
 *   does not answer
 */
export async function findRun(temporal: TemporalDoor, named: string | undefined): Promise<RunHandle> {
  return named === undefined ? findOpenRun(temporal) : findNamed(temporal, named);
}

async function findNamed(temporal: TemporalDoor, named: string): Promise<RunHandle> {
  for (const id of [named, runIdOf(named)]) {
    const handle = handleOf(temporal, id);
    try {
      await handle.describe();
      return handle;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw temporalError(error, temporal.address);
    }
  }
  throw new MigrationError('ERR_002', `There is no run ${named}.`, {
    next: 'Name one that there is: temporal workflow list shows them.',
  });
}

async function findOpenRun(temporal: TemporalDoor): Promise<RunHandle> {
  const open: string[] = [];
  const query = `WorkflowType = '${workflowType}' and ExecutionStatus = 'Running' and TaskQueue = '${temporal.taskQueue}'`;
  try {
    for await (const { workflowId } of temporal.client.workflow.list({ query })) open.push(workflowId);
  } catch (error) {
    throw temporalError(error, temporal.address);
  }
  const [only, ...others] = open;
  if (only === undefined)
    throw new MigrationError('ERR_002', 'No run is open.', {
      next: 'Start one: nxt-migrate start-session --name=<name>.',
    });
  if (others.length > 0)
    throw new MigrationError('ERR_002', `Several runs are open: ${open.join(', ')}.`, {
      next: 'Name the one that is meant with --session.',
    });
  return handleOf(temporal, only);
}

function handleOf(temporal: TemporalDoor, workflowId: string): RunHandle {
  return temporal.client.workflow.getHandle<RunWorkflow>(workflowId);
}
