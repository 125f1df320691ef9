/** Starting runs and asking them how they are. */
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { MigrationError } from '../contract/errors.js';
import type { RunInput } from '../contract/input.js';
import { queryNames, workflowType } from '../contract/names.js';
import type { RunStatus } from '../contract/status.js';
import type { TemporalDoor } from './connect-temporal.js';
import { temporalError } from './temporal-error.js';

/** How long a question may take, in milliseconds; a worker that was just started must first replay the run. */
const answerWithinMs = 5_000;

export type RunWorkflow = (input: RunInput) => Promise<RunStatus>;
export type RunHandle = WorkflowHandle<RunWorkflow>;

export interface StartOptions {
  /** workflow id; `migration-<name>` unless given */
  readonly id?: string;
  readonly input: RunInput;
}

/**
 * Starts a run. Its input is checked by the workflow, which fails at once when it is wrong.
 *
 * @throws MigrationError ERR_002 when a run of this id is open, ERR_001 when Temporal does not answer
 */
export async function startRun(temporal: TemporalDoor, { id, input }: StartOptions): Promise<RunHandle> {
  const name = input.name ?? new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const workflowId = id ?? runIdOf(name);
  try {
    return await temporal.client.workflow.start<RunWorkflow>(workflowType, {
      workflowId,
      taskQueue: temporal.taskQueue,
      args: [input],
      staticSummary: `Migration ${name}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError))
      throw temporalError(error, temporal.address);
    throw new MigrationError('ERR_002', `A run ${workflowId} is open already.`, {
      next: 'Watch that one, let it end, or choose another name.',
      cause: error,
    });
  }
}

/** The workflow id of a run that was started by name alone. */
export function runIdOf(name: string): string {
  return `migration-${name}`;
}

/**
 * Everything about the run, as its workflow tells it; works for closed runs too. A step's rows are those of its end:
 * for a step that is at work, see `readStepProgress`.
 *
 * @throws ServiceError (see `isNoAnswer`) while no worker answers
 */
export async function runStatus(handle: RunHandle): Promise<RunStatus> {
  return handle.client.withDeadline(Date.now() + answerWithinMs, () =>
    handle.query<RunStatus>(queryNames.status),
  );
}
