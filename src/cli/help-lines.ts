import type { RunStatus } from '../contract/status.js';

/** Arguments that a command would not be accepted without. */
const inputs: Readonly<Record<string, string>> = {
  'skip-validation': `'{"reason": "..."}'`,
  'run-step': `'{"step": "..."}'`,
  rollback: `'{"scope": "full"}'`,
};
const signals = new Set(['pause', 'resume', 'emergency-stop']);

/** Why a run is held, and the commands that would help; the first line is the reason. */
export function helpLines(run: string, status: RunStatus, address: string): string[] {
  const { waitingFor, lastError, state } = status;
  const code = waitingFor?.code ? `${waitingFor.code}: ` : '';
  const reason = waitingFor?.reason ?? lastError?.message ?? `the run is ${state}`;
  const helps = (waitingFor?.helps ?? []).map((name) => {
    const verb = signals.has(name) ? 'signal' : 'update execute';
    const input = inputs[name] ? ` --input ${inputs[name]}` : '';
    return `   temporal workflow ${verb} --address ${address} --workflow-id ${quoted(run)} --name ${name}${input}`;
  });
  return [`⏸️  Waiting: ${code}${reason}`, ...(helps.length > 0 ? ['What would help:', ...helps] : [])];
}

function quoted(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
