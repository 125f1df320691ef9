import type { CheckResult, RunStatus, StepStatus } from '../contract/status.js';
import { count, percent } from './format.js';
import { checksOf, differencesOf, failedChecks, isVerified, overallScore } from './verdict.js';

/**
 * The manual's "Migration Validation Report" with the figures of this run, one line each. What was not measured is not
 * claimed: its line is missing, or says so.
 *
 * @example
 * console.log(validationReport(status).join('\n'));
 */
export function validationReport(status: RunStatus): string[] {
  return [
    '📊 Migration Validation Report',
    '=====================================',
    recordCounts(status),
    dataIntegrity(status),
    ...checkLine('Relationships', 'All foreign keys valid', checksOf(status, 'foreign-key')),
    ...checkLine('Business Rules', 'All constraints satisfied', checksOf(status, 'rule')),
    ...warnings(status),
    ...skippedValidations(status),
    score(status),
  ];
}

function recordCounts(status: RunStatus): string {
  const off = status.steps.filter((step) => !addsUp(step));
  const failed = failedChecks(checksOf(status, 'counts'));
  if (off.length > 0 || failed.length > 0) {
    const tables = new Set([...off.map(({ table }) => table), ...failed.map(({ title }) => title)]);
    return `❌ Record Counts: do not match in ${[...tables].join(', ')}`;
  }
  const { read, migrated, merged, rejected } = status.rows;
  const parts = [`${count(migrated)} migrated`, `${count(merged)} merged`, `${count(rejected)} rejected`];
  return `✅ Record Counts: All tables match source - ${count(read)} = ${parts.join(' + ')}`;
}

function addsUp({ state, source, read, migrated, merged, rejected }: StepStatus): boolean {
  return state === 'completed' && source === read && read === migrated + merged + rejected;
}

function dataIntegrity(status: RunStatus): string {
  const differences = differencesOf(status);
  if (differences === null) return '⚠️  Data Integrity: not verified';
  const moved = status.rows.migrated + status.rows.merged;
  const equal = percent(moved === 0 ? 1 : (moved - differences) / moved);
  if (differences === 0)
    return `✅ Data Integrity: ${equal} - No corruption detected in ${count(moved)} moved rows`;
  return `❌ Data Integrity: ${equal} - ${count(differences)} of ${count(moved)} moved rows differ from their source`;
}

/** Nothing when no such check was made. */
function checkLine(name: string, allWell: string, checks: readonly CheckResult[]): string[] {
  if (checks.length === 0) return [];
  const failed = failedChecks(checks);
  const looked = checks.reduce((sum, check) => sum + check.looked, 0);
  if (failed.length === 0)
    return [`✅ ${name}: ${allWell} (${count(checks.length)} checks, ${count(looked)} row checks)`];
  const found = failed.map((check) => `${check.title} (${count(check.failed)} of ${count(check.looked)})`);
  return [`❌ ${name}: ${found.join('; ')}`];
}

function warnings(status: RunStatus): string[] {
  const ofRows = status.steps.reduce((sum, step) => sum + step.warnings, 0);
  const ofChecks = status.checks.filter(({ severity, failed }) => severity === 'warning' && failed > 0);
  return [
    `⚠️  Warnings: ${count(ofRows)} non-critical in rows that moved`,
    ...ofChecks.map(
      ({ title, failed, looked }) => `⚠️  ${title}: ${count(failed)} of ${count(looked)} rows are exceptions`,
    ),
  ];
}

function skippedValidations(status: RunStatus): string[] {
  return status.actions
    .filter(({ what }) => what === 'skip-validation')
    .map(({ by, reason }) => `❌ Validation skipped by ${by}: ${reason ?? 'no reason given'}`);
}

function score(status: RunStatus): string {
  const value = overallScore(status);
  const verdict = isVerified(status)
    ? 'Migration Successful'
    : status.state === 'completed'
      ? 'Migration Completed, Not Verified'
      : `Migration Not Completed (${status.state})`;
  return `📈 Overall Score: ${value === null ? 'not measured' : percent(value)} - ${verdict}`;
}
