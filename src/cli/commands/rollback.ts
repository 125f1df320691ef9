import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { tellRun } from '../../client/tell-run.js';
import type { RunStatus } from '../../contract/status.js';
import { count } from '../../report/format.js';
import { textOption, type Call } from '../call.js';
import type { CommandWork } from '../command.js';
import { requireConsent } from '../consent.js';
import { follow } from './follow.js';
import { endLines } from './state-lines.js';
import { namesOf } from './update.js';

/** What the run answers of an undo. */
const planSchema = z.object({
  tables: z.array(z.object({ step: z.string(), table: z.string(), rows: z.number() })),
  rows: z.number(),
  needsConfirmChanged: z.array(z.string()).optional(),
});

/** Shows what will be undone, with what rests on it and how many rows, and does it when that is wanted. */
export const rollBack: CommandWork = (call) => undo(call, scopeOf(call.options));

/** Everything, now; also of a run that is stopped or held. */
export const rollBackAll: CommandWork = (call) => undo(call, { scope: 'full' });

async function undo(call: Call, scope: object): ReturnType<CommandWork> {
  const run = await call.run();
  const temporal = await call.temporal();
  const reason = textOption(call.options, 'reason');
  const order = { ...scope, by: call.operator, ...(reason === undefined ? {} : { reason }) };
  const plan = planSchema.parse(await tellRun(temporal, run, 'rollback', { ...order, dryRun: true }));
  call.say('↩️  To be undone:');
  for (const { table, rows } of plan.tables) call.say(`   ${table}: ${count(rows)} rows`);
  for (const change of plan.needsConfirmChanged ?? []) call.say(`⚠️  ${change}`);
  const document = { run: run.workflowId, plan };
  if (call.options['dryRun'] === true)
    return { ok: true, document: { ...document, done: false, state: null, failure: null } };
  await requireConsent(
    call,
    `${count(plan.rows)} rows in ${plan.tables.length} tables of the target will be deleted.`,
  );
  const confirmChanged = call.options['confirmChanged'] === true;
  await tellRun(temporal, run, 'rollback', { ...order, confirmChanged });
  const end = await follow(call, run);
  for (const line of endLines(run.workflowId, end)) call.say(line);
  const { status, failure } = end;
  const steps = new Set(plan.tables.map(({ step }) => step));
  const done = !failure && status !== null && isUndone(status, steps);
  return { ok: done, document: { ...document, done, state: status?.state ?? null, failure } };
}

function isUndone({ state, steps }: RunStatus, undone: ReadonlySet<string>): boolean {
  if (state === 'rollback-failed') return false;
  return steps.every(
    ({ step, state: now }) => !undone.has(step) || now === 'rolled-back' || now === 'pending',
  );
}

function scopeOf(options: Call['options']): object {
  const tables = [...namesOf(options['table']), ...namesOf(options['tables'])];
  const checkpoint = textOption(options, 'checkpoint');
  const scopes = [
    ...(options['full'] === true ? [{ scope: 'full' }] : []),
    ...(tables.length > 0 ? [{ scope: 'tables', tables }] : []),
    ...(options['lastStep'] === true ? [{ scope: 'last-step' }] : []),
    ...(checkpoint === undefined ? [] : [{ scope: 'checkpoint', checkpoint }]),
  ];
  const [scope, ...others] = scopes;
  if (!scope || others.length > 0)
    throw new InvalidArgumentError(
      'Say what is to be undone with one of --full, --table=<name>, --tables=<names>, --last-step, --checkpoint=<name>.',
    );
  return scope;
}
