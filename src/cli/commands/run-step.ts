import { tellRun } from '../../client/tell-run.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { follow } from './follow.js';
import { failureLines, stateLines } from './state-lines.js';

/** Moves one step of the open run, and follows it. */
export function runningStep(named?: string): CommandWork {
  return async (call) => {
    const step = named ?? textOption(call.options, 'name') ?? '';
    const run = await call.run();
    await tellRun(await call.temporal(), run, 'run-step', { step, by: call.operator });
    const { status, failure } = await follow(call, run);
    const moved = status?.steps.find((each) => each.step === step || each.table === step);
    const isPhase = moved === undefined;
    const isDone = isPhase ? status?.lastError === null : moved.state === 'completed';
    if (!isDone && status) for (const line of stateLines(run.workflowId, status)) call.say(line);
    for (const line of failureLines(failure)) call.say(line);
    return {
      ok: isDone && !failure,
      document: { run: run.workflowId, step: moved ?? null, state: status?.state ?? null, failure },
    };
  };
}
