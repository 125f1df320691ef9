import { z } from 'zod';
import { tellRun } from '../../client/tell-run.js';
import type { UpdateName } from '../../contract/names.js';
import type { RunStatus } from '../../contract/status.js';
import { count } from '../../report/format.js';
import { textOption, type Call } from '../call.js';
import type { CommandWork } from '../command.js';
import { follow } from './follow.js';
import { endLines } from './state-lines.js';

interface Update {
  readonly name: UpdateName;
  /** beside who asks and why */
  readonly args?: (options: Call['options']) => object;
  /** what is said of the run's answer */
  readonly say?: (answer: object) => readonly string[];
  /** it sets the run to work: that is followed to its end, which is good when this holds */
  readonly isDone?: (status: RunStatus) => boolean;
  /** what came of the work, in a sentence */
  readonly account?: (status: RunStatus) => string | null;
}

/** Sends an update, says what the run answers, and follows what comes of it. */
export function updating({ name, args, say, isDone, account }: Update): CommandWork {
  return async (call) => {
    const run = await call.run();
    const reason = textOption(call.options, 'reason');
    const who = {
      // There `by` is the time.
      ...(name === 'extend-deadline' ? {} : { by: call.operator }),
      ...(reason === undefined ? {} : { reason }),
    };
    const answer = await tellRun(await call.temporal(), run, name, { ...who, ...args?.(call.options) });
    for (const line of say?.(answer) ?? []) call.say(line);
    const told = { run: run.workflowId, answer };
    if (!isDone) return { ok: true, document: { ...told, state: null, account: null, failure: null } };

    const end = await follow(call, run);
    const { status, failure } = end;
    const ok = !failure && status !== null && isDone(status);
    const sentence = status && account ? account(status) : null;
    if (ok && sentence !== null) call.say(`✅ ${sentence}`);
    for (const line of endLines(run.workflowId, end)) call.say(line);
    return { ok, document: { ...told, state: status?.state ?? null, account: sentence, failure } };
  };
}

/** Names joined by commas. */
export function namesOf(text: unknown): string[] {
  return typeof text === 'string' ? text.split(',').flatMap((name) => name.trim() || []) : [];
}

/** What is new, as `configure` and `extend-deadline` answer it. */
export function changedLines(answer: object): string[] {
  return Object.entries(answer).flatMap(([name, value]) => {
    if (name === 'accepted') return [];
    return [`✅ ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`];
  });
}

const tables = z.array(z.object({ table: z.string(), rows: z.number() }));

/** Tables and rows that an update will see to. */
export function tableLines(given: unknown): string[] {
  return tables.parse(given).map(({ table, rows }) => `   ${table}: ${count(rows)} rows`);
}
