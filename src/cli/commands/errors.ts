import { readRejectReasons, type RejectReason } from '../../report/reject-reasons.js';
import { rejectTable } from '../../report/reject-table.js';
import { count } from '../../report/format.js';
import { errorCodes } from '../../contract/errors.js';
import { textOption } from '../call.js';
import type { CommandWork } from '../command.js';
import { statusNow } from './await-status.js';
import { stepsNamed } from './status.js';

const meanings: ReadonlyMap<string, string> = new Map(Object.entries(errorCodes));

/** The quarantine, counted; nothing of the rows themselves. */
export const showErrors: CommandWork = async (call) => {
  const handle = await call.run();
  const run = handle.workflowId;
  const table = textOption(call.options, 'table');
  const steps =
    table === undefined
      ? undefined
      : new Set(stepsNamed(await statusNow(call, handle), table).map(({ step }) => step));
  const reasons = (await readRejectReasons(await call.target(), run)).filter(
    ({ step }) => steps?.has(step) ?? true,
  );
  const rows = reasons.reduce((sum, reason) => sum + reason.rows, 0);
  call.say(rows === 0 ? '✅ No row is in the quarantine' : `❌ ${count(rows)} rows are in the quarantine`);
  const lines =
    call.options['summary'] === true ? byCode(reasons) : rejectTable(reasons, process.stdout.columns ?? 120);
  for (const line of lines) call.say(line);
  return { ok: true, document: { run, rows, reasons } };
};

function byCode(reasons: readonly RejectReason[]): string[] {
  const rows = new Map<string, number>();
  for (const { code, rows: more } of reasons) rows.set(code, (rows.get(code) ?? 0) + more);
  return [...rows]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([code, counted]) => `   ${code}: ${count(counted)} (${meanings.get(code)})`);
}
