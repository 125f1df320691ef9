import type { RunStatus, StepStatus } from '../../contract/status.js';
import { phases } from '../../contract/names.js';
import { count, percent, timeOfDay, timeSpan, wholePercent } from '../../report/format.js';
import type { FollowEnd } from '../follow-run.js';
import { singularOf, titleOf } from '../run-snapshot.js';

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
  const { source, read, migrated, merged, rejected, rowsPerSecond, state } = step;
  if (state === 'pending') return [`·  ${titleOf(step)}: not begun`];
  if (state === 'rolled-back') return [`↩️  ${titleOf(step)}: rolled back`];
  const far =
    source === null
      ? `${count(read)} ${label}`
      : `${count(read)}/${count(source)} ${label} (${wholePercent(read, source)}%)`;
  const lines = [`📊 Progress: ${far}`];
  if (rowsPerSecond !== null)
    lines.push(`⏱️  Processing rate: ${count(Math.round(rowsPerSecond))} records/sec`);
  const others = [
    ...(merged > 0 ? [`, ${count(merged)} merged`] : []),
    ...(rejected > 0 ? [`, ${count(rejected)} rejected`] : []),
  ].join('');
  if (state === 'completed')
    lines.push(
      `✅ ${singularOf(titleOf(step))} migration completed: ${count(migrated)} records migrated${others}`,
    );
  else {
    const doing = state === 'failed' ? `❌ ${titleOf(step)} migration failed` : `🔄 Migrating ${label}...`;
    lines.unshift(doing);
  }
  return lines;
}

/** Why a run closed otherwise than it should; nothing where it did not. */
export function failureLines(failure: FollowEnd['failure']): string[] {
  if (!failure) return [];
  const { code, how, message, next } = failure;
  return [`❌ ${code ?? how}: ${message}`, ...(next === null ? [] : [`   ${next}`])];
}

/** The deadline in the operator's own zone. */
export function deadlineLine({ deadline, secondsLeft }: RunStatus): string {
  return `⏳ Deadline ${timeOfDay(new Date(deadline))}, in ${timeSpan(secondsLeft)}`;
}
