import type { CommandEntry } from '../command.js';
import { session, table } from './options.js';

/** How a run is getting on. */
export const lookingCommands: readonly CommandEntry[] = [
  {
    name: 'status',
    group: 'looking',
    summary: 'Where the run stands: phase, steps, rows, what it waits for, deadline',
    options: [table, session],
    examples: ['status', 'status --table=suppliers', 'status --json'],
    changes: null,
    load: async () => (await import('../commands/status.js')).showStatus,
  },
  {
    name: 'progress',
    group: 'looking',
    summary: 'How far each step is, and how fast',
    options: [table, session],
    examples: ['progress', 'progress --table=customers'],
    changes: null,
    load: async () => (await import('../commands/status.js')).showProgress,
  },
  {
    name: 'errors',
    group: 'looking',
    summary: 'Why rows are in the quarantine, counted by reason',
    options: [{ flags: '--summary', description: 'one line a code' }, table, session],
    examples: ['errors', 'errors --summary', 'errors --table=customers --json'],
    changes: null,
    load: async () => (await import('../commands/errors.js')).showErrors,
  },
];
