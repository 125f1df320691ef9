import type { RunStatus, StepStatus } from '../../src/contract/status.js';

export function exampleStep(step: string, over: Partial<StepStatus> = {}): StepStatus {
  return {
    step,
    table: step.replaceAll('-', '_'),
    state: 'completed',
    source: 5000,
    read: 5000,
    migrated: 4998,
    merged: 0,
    rejected: 2,
    warnings: 3,
    rowsPerSecond: 81_000,
    startedAt: '2025-01-19T10:00:00.000Z',
    endedAt: '2025-01-19T10:00:01.000Z',
    differences: 0,
    ...over,
  };
}

/** A run that is done and verified, unless told otherwise; its totals follow its steps. */
export function exampleStatus(over: Partial<RunStatus> = {}): RunStatus {
  const steps = over.steps ?? [
    exampleStep('customers'),
    exampleStep('suppliers', {
      source: 3700,
      read: 3700,
      migrated: 3490,
      merged: 200,
      rejected: 10,
      warnings: 0,
    }),
  ];
  const rows = { read: 0, migrated: 0, merged: 0, rejected: 0 };
  for (const step of steps)
    for (const count of ['read', 'migrated', 'merged', 'rejected'] as const) rows[count] += step[count];
  return {
    name: 'Example_Migration',
    plan: 'nxt',
    mode: 'auto',
    state: 'completed',
    phase: 'finalize',
    now: [],
    throttle: null,
    skipped: [],
    startedAt: '2025-01-19T10:00:00.000Z',
    deadline: '2025-01-19T14:00:00.000Z',
    secondsLeft: 14_390,
    errorRate: rows.read === 0 ? 0 : rows.rejected / rows.read,
    rows,
    checkpoints: [],
    waitingFor: null,
    lastError: null,
    actions: [],
    qualityScore: 0.99,
    checks: [
      {
        check: 'counts:customers',
        title: 'Record counts of customers',
        severity: 'error',
        looked: 5000,
        failed: 0,
      },
      {
        check: 'foreign-key:products_supplier',
        title: 'products refer to suppliers',
        severity: 'error',
        looked: 4000,
        failed: 0,
      },
      { check: 'rule:price', title: 'Prices are not negative', severity: 'error', looked: 4000, failed: 0 },
      { check: 'rule:status', title: 'Statuses are known', severity: 'warning', looked: 4000, failed: 3 },
    ],
    report: null,
    ...over,
    steps,
  };
}
