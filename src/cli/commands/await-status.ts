import { askRun } from '../../client/ask-run.js';
import type { RunHandle } from '../../client/runs.js';
import { temporalError } from '../../client/temporal-error.js';
import { MigrationError } from '../../contract/errors.js';
import type { RunStatus } from '../../contract/status.js';
import type { Call } from '../call.js';
import { pause } from '../interruption.js';

const lookEveryMs = 250;
/** A run that has not answered for so long will not, with nobody there to help it. */
const longSilenceMs = 30_000;

/**
 * The run's status as soon as it is as it should be.
 *
 * @throws the signal's reason when somebody does not want to wait any longer, MigrationError ERR_001 when Temporal is gone
 */
export async function awaitStatus(
  call: Call,
  run: RunHandle,
  isAsWanted: (status: RunStatus) => boolean,
): Promise<RunStatus> {
  const { address } = await call.temporal();
  let answeredAt = Date.now();
  for (;;) {
    call.signal.throwIfAborted();
    try {
      const { status, silence } = await askRun(run);
      if (status && isAsWanted(status)) return status;
      if (status) answeredAt = Date.now();
      else if (Date.now() - answeredAt > longSilenceMs) throw noAnswer(run, silence);
    } catch (error) {
      throw temporalError(error, address);
    }
    await pause(lookEveryMs, call.signal);
  }
}

/** The run's status at this moment. */
export async function statusNow(call: Call, run: RunHandle): Promise<RunStatus> {
  const { address } = await call.temporal();
  try {
    const { status, silence } = await askRun(run);
    if (status) return status;
    throw noAnswer(run, silence);
  } catch (error) {
    throw temporalError(error, address);
  }
}

function noAnswer({ workflowId }: RunHandle, silence: string | null): MigrationError {
  return new MigrationError('ERR_001', `The run ${workflowId} does not answer: ${silence}.`, {
    next: 'See that a worker is running (npm run worker); the run takes what it was told as soon as one is.',
    place: { server: 'Temporal' },
    transient: true,
  });
}
