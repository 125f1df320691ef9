import { startRun } from '../../client/runs.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { follow, isReady } from './follow.js';
import { failureLines, stateLines } from './state-lines.js';
import { namesOf } from './update.js';

/** Opens a run that waits for the operator's steps, or with `--auto` walks all phases. */
export const startSession: CommandWork = async (call) => {
  const name = textOption(call.options, 'name');
  const plan = textOption(call.options, 'plan');
  const tables = namesOf(call.options['tables']);
  const run = await startRun(await call.temporal(), {
    input: {
      ...(name === undefined ? {} : { name }),
      ...(plan === undefined ? {} : { plan }),
      ...(tables.length === 0 ? {} : { tables }),
      mode: call.options['auto'] === true ? 'auto' : 'stepwise',
    },
  });
  call.say(`🚀 Session ${run.workflowId} is open`);
  const { status, failure } = await follow(call, run);
  if (status) for (const line of stateLines(run.workflowId, status)) call.say(line);
  for (const line of failureLines(failure)) call.say(line);
  return {
    ok: !failure && status !== null && (status.state === 'completed' || isReady(status)),
    document: { run: run.workflowId, status, failure },
  };
};
