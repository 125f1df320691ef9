import type { RunStatus } from '../contract/status.js';

/** What to type so that a run gets a signal or an update of this name. */
export type HelpWords = (run: string, name: string) => string;

/** Arguments that an update would not be accepted without. */
const inputs: Readonly<Record<string, string>> = {
  'skip-validation': `'{"reason": "..."}'`,
  'run-step': `'{"step": "..."}'`,
  rollback: `'{"scope": "full"}'`,
};
const signals = new Set(['pause', 'resume', 'emergency-stop']);

/** Commands of Temporal's own tool. */
export function temporalWords(address: string): HelpWords {
  return (run, name) => {
    const verb = signals.has(name) ? 'signal' : 'update execute';
    const input = inputs[name] ? ` --input ${inputs[name]}` : '';
    return `temporal workflow ${verb} --address ${address} --workflow-id ${quoted(run)} --name ${name}${input}`;
  };
}

/** Commands whose name is not that of their signal or update, or that need more than it. */
const commands: Readonly<Record<string, string>> = {
  'run-step': 'step --name=...',
  rollback: 'rollback --full',
  finish: 'stop-session',
  'extend-deadline': 'extend-timeout',
  'skip-validation': 'skip-validation --unsafe --reason="..."',
};

/** Commands of our own. */
export const commandWords: HelpWords = (run, name) =>
  `nxt-migrate ${commands[name] ?? name} --session=${quoted(run)}`;

/** Why a run is held, and the commands that would help; the first line is the reason. */
export function helpLines(run: string, status: RunStatus, words: HelpWords): string[] {
  const { waitingFor, lastError, state } = status;
  const code = waitingFor?.code ? `${waitingFor.code}: ` : '';
  const reason = waitingFor?.reason ?? lastError?.message ?? `the run is ${state}`;
  const helps = (waitingFor?.helps ?? []).map((name) => `   ${words(run, name)}`);
  return [`⏸️  Waiting: ${code}${reason}`, ...(helps.length > 0 ? ['What would help:', ...helps] : [])];
}

function quoted(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
