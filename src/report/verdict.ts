import type { CheckResult, RunStatus } from '../contract/status.js';

/** Groups of checks, by what their names begin with. */
export function checksOf(status: RunStatus, ...kinds: readonly string[]): CheckResult[] {
  return status.checks.filter(({ check }) => kinds.some((kind) => check.startsWith(`${kind}:`)));
}

/** Checks that hold a run back: those of severity `error` with failing rows. */
export function failedChecks(checks: readonly CheckResult[]): CheckResult[] {
  return checks.filter(({ severity, failed }) => severity === 'error' && failed > 0);
}

/** Rows that verification found to differ; null as long as it has not looked at every step. */
export function differencesOf(status: RunStatus): number | null {
  let sum = 0;
  for (const { differences } of status.steps) {
    if (differences === null) return null;
    sum += differences;
  }
  return status.steps.length === 0 ? null : sum;
}

/**
 * Whether the run is done and proved: completed, every row that it moved compared with its source and none different,
 * and no check failed. A validation that an operator skipped proves nothing.
 */
export function isVerified(status: RunStatus): boolean {
  return (
    status.state === 'completed' && differencesOf(status) === 0 && failedChecks(status.checks).length === 0
  );
}

/**
 * Share of the source rows, 0 to 1, that are in the target (as rows of their own or merged into another) and were
 * found equal to their source. Rejected rows count against it, and so do differing ones; without verification it is
 * null.
 */
export function overallScore(status: RunStatus): number | null {
  const differences = differencesOf(status);
  if (differences === null) return null;
  const source = status.steps.reduce((sum, step) => sum + (step.source ?? step.read), 0);
  if (source === 0) return 1;
  const good = status.rows.migrated + status.rows.merged - differences;
  return Math.max(0, good / source);
}
