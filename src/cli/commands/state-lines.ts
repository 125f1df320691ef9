import type { RunStatus, StepStatus } from '../../contract/status.js';
import { phases } from '../../contract/names.js';
import { count, percent, timeOfDay, timeSpan, wholePercent } from '../../report/format.js';
import type { FollowEnd } from '../follow-run.js';
import { completedLine, titleOf } from '../run-snapshot.js';

const signs: Readonly<Record<RunStatus['state'], string>> = {
  running: '🔄',
  waiting: '⏸️ ',
  paused: '⏸️ ',
  stopped: '🛑',
  'rolling-back': '↩️ ',
  'rolled-back': '↩️ ',
  'rollback-failed': '❌',
  completed: '✅',
  failed: '❌',
};

/** A run in a few lines: what it is at, why it waits, and what is in the target. */
export function stateLines(run: string, status: RunStatus): string[] {
  const { state, phase, rows, errorRate, waitingFor, lastError } = status;
  const why = waitingFor ?? (lastError && { ...lastError, reason: lastError.message });
  return [
    `${signs[state]} ${run}: ${state}, phase ${phases.indexOf(phase) + 1} of ${phases.length} (${phase})`,
    ...(why ? [`   ${why.code === null ? '' : `${why.code}: `}${why.reason}`] : []),
    `   ${count(rows.read)} rows read: ${count(rows.migrated)} migrated, ${count(rows.merged)} merged, ${count(rows.rejected)} rejected (${percent(errorRate)})`,
  ];
}

/** What the manual shows of a step: what it is at, how far, how fast. */
export function stepLines(step: StepStatus): string[] {
  const label = step.step.replaceAll('-', ' ');
  const { source, read, rowsPerSecond, state } = step;
  if (state === 'pending') return [`·  ${titleOf(step)}: not begun`];
  if (state === 'rolled-back') return [`↩️  ${titleOf(step)}: rolled back`];
  const far =
    source === null
      ? `${count(read)} ${label}`
      : `${count(read)}/${count(source)} ${label} (${wholePercent(read, source)}%)`;
  const lines = [`📊 Progress: ${far}`];
  if (rowsPerSecond !== null)
    lines.push(`⏱️  Processing rate: ${count(Math.round(rowsPerSecond))} records/sec`);
  if (state === 'completed') lines.push(completedLine(step));
  else {
    const doing = state === 'failed' ? `❌ ${titleOf(step)} migration failed` : `🔄 Migrating ${label}...`;
    lines.unshift(doing);
  }
  return lines;
}

/** How the following of a run has ended. */
export function endLines(run: string, { status, failure }: FollowEnd): string[] {
  return [...(status ? stateLines(run, status) : []), ...failureLines(failure)];
}

/** Why a run closed otherwise than it should; nothing where it did not. */
function failureLines(failure: FollowEnd['failure']): string[] {
  if (!failure) return [];
  const { code, how, message, next } = failure;
  return [`❌ ${code ?? how}: ${message}`, ...(next === null ? [] : [`   ${next}`])];
}

/** The deadline in the operator's own zone. */
export function deadlineLine({ deadline, secondsLeft }: RunStatus): string {
  return `⏳ Deadline ${timeOfDay(new Date(deadline))}, in ${timeSpan(secondsLeft)}`;
}
