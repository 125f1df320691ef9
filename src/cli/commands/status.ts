import { MigrationError } from '../../contract/errors.js';
import type { RunStatus, StepStatus } from '../../contract/status.js';
import { isHeld } from '../run-snapshot.js';
import { readStepProgress, withProgress } from '../../store/read-progress.js';
import { textOption, type Call } from '../call.js';
import type { CommandWork } from '../command.js';
import { commandWords, helpLines } from '../help-lines.js';
import { statusNow } from './await-status.js';
import { deadlineLine, stateLines, stepLines } from './state-lines.js';

/** Where the run stands, with the rows of the steps at work as they are committed now. */
export const showStatus: CommandWork = async (call) => {
  const { run, status } = await look(call);
  const steps = stepsNamed(status, textOption(call.options, 'table'));
  for (const line of stateLines(run, status)) call.say(line);
  for (const step of steps) for (const line of stepLines(step)) call.say(line);
  if (status.state === 'running' || isHeld(status)) call.say(deadlineLine(status));
  if (status.throttle) call.say(`🐢 Slowed down: ${status.throttle.reason}`);
  if (isHeld(status)) {
    for (const line of helpLines(run, status, commandWords).slice(1)) call.say(line);
  }
  return { ok: true, document: { run, ...status, steps } };
};

/** The figures alone. */
export const showProgress: CommandWork = async (call) => {
  const { run, status } = await look(call);
  const steps = stepsNamed(status, textOption(call.options, 'table'));
  for (const step of steps) for (const line of stepLines(step)) call.say(line);
  const { state, phase, rows, errorRate, secondsLeft, now } = status;
  return { ok: true, document: { run, state, phase, rows, errorRate, secondsLeft, now, steps } };
};

async function look(call: Call): Promise<{ run: string; status: RunStatus }> {
  const handle = await call.run();
  const status = await statusNow(call, handle);
  const progress = await readStepProgress(await call.target(), handle.workflowId);
  return { run: handle.workflowId, status: withProgress(status, progress) };
}

/** The step of this name or table; all when none is named. */
export function stepsNamed(
  { steps }: Pick<RunStatus, 'steps'>,
  named: string | undefined,
): readonly StepStatus[] {
  if (named === undefined) return steps;
  const found = steps.filter(({ step, table }) => step === named || table === named);
  if (found.length > 0) return found;
  throw new MigrationError('ERR_002', `The run has no table ${named}.`, {
    next: `Name one of ${steps.map(({ table }) => table).join(', ')}.`,
  });
}
