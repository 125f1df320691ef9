/** Names that Temporal's own tools show and use: public, changed only with a version. */
export const workflowType = 'migration';

export const queryNames = { status: 'status', progress: 'progress', checkpoints: 'checkpoints' } as const;

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
