import type { RunInput } from '../../src/contract/input.js';
import type { RunStatus } from '../../src/contract/status.js';
import type { RunEnvironment } from '../helpers/run-environment.js';

const pollMs = 200;

/** Runs the workflow to its end. A run that is held fails at once with the reason, instead of with the test's time. */
export async function finishedRun(environment: RunEnvironment, input: RunInput): Promise<RunStatus> {
  return environment.withWorker(async () => {
    const run = await environment.start(input);
    const result = run.result();
    for (;;) {
      const ended = await Promise.race([result, new Promise<void>((resolve) => setTimeout(resolve, pollMs))]);
      if (ended) return ended;
      const status = await run.query<RunStatus>('status');
      if (status.state === 'waiting') {
        await run.terminate('held');
        throw new Error(`held in ${status.phase}: ${JSON.stringify([status.waitingFor, status.lastError])}`);
      }
    }
  });
}
