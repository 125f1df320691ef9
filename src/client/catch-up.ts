import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { MigrationError } from '../contract/errors.js';
import type { TemporalDoor } from './connect-temporal.js';
import type { RunHandle } from './runs.js';
import { temporalError } from './temporal-error.js';

/**
 * Tells a run to catch up, and answers what it says that it will do.
 *
 * @throws MigrationError ERR_002 when the run refuses or is not open, ERR_001 when Temporal does not answer
 */
export async function askForCatchUp(
  { address }: TemporalDoor,
  run: RunHandle,
  order: { readonly tables: readonly string[]; readonly by: string; readonly reason?: string },
): Promise<string> {
  try {
    const answer = await run.executeUpdate<unknown, [object]>('catch-up', { args: [order] });
    return typeof answer === 'string' ? answer : JSON.stringify(answer);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new MigrationError('ERR_002', error.cause?.message ?? error.message, {
        next: `See its state: temporal workflow query --workflow-id ${run.workflowId} --type status`,
        cause: error,
      });
    if (error instanceof WorkflowNotFoundError)
      throw new MigrationError('ERR_002', `No run ${run.workflowId} is open.`, {
        next: 'Name one that is, with --run, or leave it out.',
        cause: error,
      });
    throw temporalError(error, address);
  }
}
