import { InvalidArgumentError } from 'commander';
import { tellRun } from '../../client/tell-run.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { follow, isWell } from './follow.js';
import { endLines } from './state-lines.js';

/** Moves one step of the open run, and follows it. */
export function runningStep(named?: string): CommandWork {
  return async (call) => {
    const step = named ?? textOption(call.options, 'name');
    if (step === undefined)
      throw new InvalidArgumentError('Say which step with --name=<step>; also validate, and finalize.');
    const run = await call.run();
    await tellRun(await call.temporal(), run, 'run-step', { step, by: call.operator });
    const end = await follow(call, run);
    const { status, failure } = end;
    const moved = status?.steps.find((each) => each.step === step || each.table === step);
    // Validate and finalize are no steps of the plan.
    const isDone = moved ? moved.state === 'completed' : status !== null && isWell(status);
    const ok = isDone && !failure;
    if (!ok) for (const line of endLines(run.workflowId, end)) call.say(line);
    return {
      ok,
      document: { run: run.workflowId, step: moved ?? null, state: status?.state ?? null, failure },
    };
  };
}
