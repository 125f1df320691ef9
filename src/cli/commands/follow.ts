import type { RunHandle } from '../../client/runs.js';
import type { RunStatus } from '../../contract/status.js';
import type { Call } from '../call.js';
import { createDisplay } from '../display.js';
import { type FollowEnd, followRun } from '../follow-run.js';
import { commandWords } from '../help-lines.js';
import { isHeld } from '../run-snapshot.js';

/** Shows the run at work until it waits for somebody or has ended. Who stops looking leaves it alone. */
export async function follow(call: Call, handle: RunHandle): Promise<FollowEnd> {
  const { address } = await call.temporal();
  const db = await call.target();
  const display = call.json ? undefined : createDisplay(process.stdout, commandWords);
  try {
    return await followRun({
      handle,
      address,
      db,
      signal: call.signal,
      unattended: !process.stdout.isTTY,
      until: isHeld,
      show: (snapshot) => display?.show(snapshot),
    });
  } finally {
    display?.end();
  }
}

/** The run is through, or waits for the next step and nothing holds it. */
export function isWell({ state, waitingFor }: RunStatus): boolean {
  if (state === 'completed') return true;
  return state === 'waiting' && waitingFor?.helps.includes('run-step') === true && waitingFor.code === null;
}
