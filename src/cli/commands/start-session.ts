import { startRun } from '../../client/runs.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { follow, isWell } from './follow.js';
import { endLines } from './state-lines.js';
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
  const end = await follow(call, run);
  for (const line of endLines(run.workflowId, end)) call.say(line);
  const { status, failure } = end;
  return {
    ok: !failure && status !== null && isWell(status),
    document: { run: run.workflowId, status, failure },
  };
};
