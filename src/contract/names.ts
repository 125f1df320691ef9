/** Names that Temporal's own tools show and use: public, changed only with a version. */
export const workflowType = 'migration';

export const queryNames = { status: 'status', progress: 'progress', checkpoints: 'checkpoints' } as const;

/**
 * The query by which the run's own activities tell how far they are, and learn whether to go on. Not for others: what it
 * is told is shown by `status` and steers nothing.
 */
export const reportQuery = 'activity-report';

export const signalNames = { pause: 'pause', resume: 'resume', emergencyStop: 'emergency-stop' } as const;

export const updateNames = {
  runStep: 'run-step',
  retry: 'retry',
  catchUp: 'catch-up',
  rollback: 'rollback',
  configure: 'configure',
  extendDeadline: 'extend-deadline',
  skipValidation: 'skip-validation',
  finish: 'finish',
} as const;
export type UpdateName = (typeof updateNames)[keyof typeof updateNames];

/** Search attributes, with Temporal's names of their types. */
export const searchAttributes = {
  MigrationName: 'KEYWORD',
  MigrationPlan: 'KEYWORD',
  MigrationPhase: 'KEYWORD',
  MigrationState: 'KEYWORD',
  MigrationErrorRate: 'DOUBLE',
  MigrationRows: 'INT',
} as const;

export const phases = ['prepare', 'migrate', 'validate', 'finalize'] as const;
export type Phase = (typeof phases)[number];
