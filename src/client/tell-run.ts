/** What operators tell a run. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { MigrationError } from '../contract/errors.js';
import { signalNames, type UpdateName } from '../contract/names.js';
import type { TemporalDoor } from './connect-temporal.js';
import type { RunHandle } from './runs.js';
import { temporalError } from './temporal-error.js';

/**
 * Sends an update, and answers what the run says that it will do.
 *
 * @throws MigrationError ERR_002 when the run refuses or is not open, ERR_001 when Temporal does not answer
 */
export async function tellRun(
  { address }: TemporalDoor,
  run: RunHandle,
  update: UpdateName,
  args: object,
): Promise<object> {
  try {
    return await run.executeUpdate<object, [object]>(update, { args: [args] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new MigrationError('ERR_002', error.cause?.message ?? error.message, {
        next: `See its state: nxt-migrate status --session=${run.workflowId}`,
        cause: error,
      });
    throw toldError(error, run, address);
  }
}

/**
 * Sends a signal, which a run takes at any time; what comes of it its status tells.
 *
 * @throws MigrationError ERR_002 when the run is not open, ERR_001 when Temporal does not answer
 */
export async function signalRun(
  { address }: TemporalDoor,
  run: RunHandle,
  signal: keyof typeof signalNames,
  args: object,
): Promise<void> {
  try {
    await run.signal(signalNames[signal], args);
  } catch (error) {
    throw toldError(error, run, address);
  }
}

function toldError(error: unknown, { workflowId }: RunHandle, address: string): unknown {
  if (!(error instanceof WorkflowNotFoundError)) return temporalError(error, address);
  return new MigrationError('ERR_002', `The run ${workflowId} is not open.`, {
    next: 'Name one that is, with --session, or leave it out where only one is open.',
    cause: error,
  });
}
