/** Finding the run that is open, for whoever does not name one: there is one per target. */
import { MigrationError } from '../contract/errors.js';
import { workflowType } from '../contract/names.js';
import type { TemporalDoor } from './connect-temporal.js';
import type { RunHandle, RunWorkflow } from './runs.js';
import { temporalError } from './temporal-error.js';

/**
 * The run of this id, or the only one that is open on this installation's task queue.
 *
 * @throws MigrationError ERR_002 when none is open or several are, ERR_001 when Temporal does not answer
 */
export async function findOpenRun(temporal: TemporalDoor, id: string | undefined): Promise<RunHandle> {
  const handleOf = (workflowId: string): RunHandle =>
    temporal.client.workflow.getHandle<RunWorkflow>(workflowId);
  if (id !== undefined) return handleOf(id);
  const open: string[] = [];
  const query = `WorkflowType = '${workflowType}' and ExecutionStatus = 'Running' and TaskQueue = '${temporal.taskQueue}'`;
  try {
    for await (const { workflowId } of temporal.client.workflow.list({ query })) open.push(workflowId);
  } catch (error) {
    throw temporalError(error, temporal.address);
  }
  const [only, ...others] = open;
  if (only === undefined)
    throw new MigrationError('ERR_002', 'No run is open.', { next: 'Start one, or name it with --run.' });
  if (others.length > 0)
    throw new MigrationError('ERR_002', `Several runs are open: ${open.join(', ')}.`, {
      next: 'Name the one that is meant with --run.',
    });
  return handleOf(only);
}
