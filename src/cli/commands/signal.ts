import { signalRun } from '../../client/tell-run.js';
import type { RunStatus } from '../../contract/status.js';
import type { signalNames } from '../../contract/names.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { awaitStatus } from './await-status.js';
import { stateLines } from './state-lines.js';

interface Signal {
  readonly name: keyof typeof signalNames;
  /** nothing is left to wait for */
  readonly isTaken: (status: RunStatus) => boolean;
}

const over: ReadonlySet<RunStatus['state']> = new Set([
  'rolled-back',
  'completed',
  'failed',
  'rollback-failed',
]);

/** Sends a signal and waits until the run says that it has come to that. */
export function signalling({ name, isTaken }: Signal): CommandWork {
  return async (call) => {
    const run = await call.run();
    const reason = textOption(call.options, 'reason');
    await signalRun(await call.temporal(), run, name, {
      by: call.operator,
      ...(reason === undefined ? {} : { reason }),
    });
    const status = await awaitStatus(call, run, (now) => isTaken(now) || over.has(now.state));
    for (const line of stateLines(run.workflowId, status)) call.say(line);
    return { ok: isTaken(status), document: { run: run.workflowId, status } };
  };
}

export const pauseRun = signalling({ name: 'pause', isTaken: ({ state }) => state === 'paused' });

export const resumeRun = signalling({
  name: 'resume',
  isTaken: ({ state }) => state !== 'paused' && state !== 'stopped',
});

export const stopRun = signalling({ name: 'emergencyStop', isTaken: ({ state }) => state === 'stopped' });
