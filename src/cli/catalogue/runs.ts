import { wholeNumberBetween, type OptionSpec } from '../arguments.js';
import type { CommandEntry } from '../command.js';
import { batchSizes, confirm, durationOrMilliseconds, reason, session, table } from './options.js';

/** The steps of the built-in plan, which have commands of their own; `step` moves those of any plan. */
export const namedSteps = [
  'customers',
  'suppliers',
  'products',
  'inventory',
  'price-lists',
  'price-list-items',
  'upload-history',
] as const;

const plan: OptionSpec = { flags: '--plan <name>', description: 'the plan; the built-in one unless given' };
const confirmChanged: OptionSpec = {
  flags: '--confirm-changed',
  description: 'also rows that others have changed or built upon since',
  isConsent: true,
};

/** Opening, steering and closing a run. */
export const runCommands: readonly CommandEntry[] = [
  {
    name: 'start-session',
    group: 'runs',
    summary: 'Opens a run that prepares, and then waits for your steps',
    options: [
      { flags: '--name <name>', description: 'what people call the run; the time unless given' },
      { flags: '--auto', description: 'walk all four phases without waiting' },
      {
        flags: '--tables <names>',
        description: 'only these tables or steps, joined by commas, and what they depend on',
      },
      plan,
    ],
    examples: ['start-session --name=Production_Migration_2025-01-19', 'start-session --auto'],
    changes: 'the target: schema, fingerprint and backup; with --auto all of it',
    load: async () => (await import('../commands/start-session.js')).startSession,
  },
  {
    name: 'stop-session',
    group: 'runs',
    summary: 'Closes the run with what is complete; a step that is half in is taken back first',
    options: [session, reason],
    examples: ['stop-session'],
    changes: 'the run, which takes no orders afterwards',
    load: async () => (await import('../commands/orders.js')).stopSession,
  },
  ...namedSteps.map((step): CommandEntry => ({
    name: step,
    group: 'runs',
    summary: `Moves ${step.replaceAll('-', ' ')}, and shows how far it is`,
    options: [session],
    examples: [step],
    changes: 'the target',
    load: async () => (await import('../commands/run-step.js')).runningStep(step),
  })),
  {
    name: 'step',
    group: 'runs',
    summary: 'Moves a step of any plan; also validate, and finalize',
    options: [{ flags: '--name <step>', description: 'the step, validate or finalize' }, session],
    examples: ['step --name=customers', 'step --name=validate'],
    changes: 'the target',
    load: async () => (await import('../commands/run-step.js')).runningStep(),
  },
  {
    name: 'retry',
    group: 'runs',
    summary: 'Tries again what holds the run; or moves quarantined rows again',
    options: [
      { ...table, description: 'the quarantined rows of this table or step' },
      { flags: '--coerce-types', description: 'read types more widely: 1,50 and 01/02/2020 too' },
      session,
      reason,
    ],
    examples: ['retry', 'retry --table=customers', 'retry --coerce-types'],
    changes: 'the target, and the quarantine',
    load: async () => (await import('../commands/orders.js')).retry,
  },
  {
    name: 'catch-up',
    group: 'runs',
    summary:
      'Moves what has changed in the legacy source since it was read: rows that came, changed and went',
    options: [
      { flags: '--tables <names>', description: 'only these tables or steps, joined by commas' },
      session,
      reason,
    ],
    examples: ['catch-up', 'catch-up --tables=products,inventory --reason="before the switch"'],
    changes: 'the target',
    load: async () => (await import('../commands/orders.js')).catchUp,
  },
  {
    name: 'pause',
    group: 'runs',
    summary: 'Commits the chunk in hand, and waits until nothing writes any more',
    options: [session, reason],
    examples: ['pause --reason="the shop opens"'],
    changes: 'the run, which stands still until resume',
    load: async () => (await import('../commands/signal.js')).pauseRun,
  },
  {
    name: 'resume',
    group: 'runs',
    summary: 'Goes on after a pause or an emergency stop',
    options: [session, reason],
    examples: ['resume'],
    changes: 'the run, which goes on',
    load: async () => (await import('../commands/signal.js')).resumeRun,
  },
  {
    name: 'emergency-stop',
    group: 'runs',
    summary: 'Drops the chunk in hand; comes back when nothing writes any more, and says what is in',
    options: [session, reason],
    examples: ['emergency-stop'],
    changes: 'the run, which stands still until resume or a rollback',
    load: async () => (await import('../commands/signal.js')).stopRun,
  },
  {
    name: 'rollback',
    group: 'runs',
    summary: 'Shows what will be undone, with what rests on it and how many rows, and undoes it',
    options: [
      { flags: '--full', description: 'everything; the run is closed' },
      { ...table, description: 'this table or step, and what rests on it' },
      { flags: '--tables <names>', description: 'several, joined by commas' },
      { flags: '--last-step', description: 'the step that moved last' },
      { flags: '--checkpoint <name>', description: 'all that came after it, such as customers_completed' },
      { flags: '--dry-run', description: 'only show' },
      confirm,
      confirmChanged,
      session,
      reason,
    ],
    examples: ['rollback --full --confirm', 'rollback --tables=customers,suppliers --dry-run'],
    changes: 'the target: rows of the run are deleted',
    load: async () => (await import('../commands/rollback.js')).rollBack,
  },
  {
    name: 'emergency-rollback',
    group: 'runs',
    summary: 'Undoes everything now, also of a run that is stopped or held',
    options: [{ flags: '--dry-run', description: 'only show' }, confirm, confirmChanged, session, reason],
    examples: ['emergency-rollback --confirm'],
    changes: 'the target: all rows of the run are deleted',
    load: async () => (await import('../commands/rollback.js')).rollBackAll,
  },
  {
    name: 'configure',
    group: 'runs',
    summary: 'Changes settings of the open run, and says old and new values',
    options: [
      {
        flags: '--timeout <time>',
        description: 'how long a statement waits for a lock: milliseconds, or 90s',
        parse: durationOrMilliseconds,
      },
      {
        flags: '--batch-size <rows>',
        description: 'rows of one chunk at the most, of every step',
        parse: wholeNumberBetween(1, 1_000_000),
      },
      {
        flags: '--batch-sizes <sizes>',
        description: 'the same by step: customers:1000,suppliers:500',
        parse: batchSizes,
      },
      {
        flags: '--parallel <ranges>',
        description: 'ranges of a step side by side',
        parse: wholeNumberBetween(1, 64),
      },
      session,
      reason,
    ],
    examples: [
      'configure --timeout=600000',
      'configure --batch-sizes="customers:1000,suppliers:500,products:2000"',
    ],
    changes: 'the settings of the run',
    load: async () => (await import('../commands/orders.js')).configure,
  },
  {
    name: 'extend-timeout',
    group: 'runs',
    summary: 'Moves the deadline of the open run, after which it undoes itself',
    options: [
      { flags: '--by <time>', description: 'how much later: 30m, 2h', default: '1h' },
      session,
      reason,
    ],
    examples: ['extend-timeout', 'extend-timeout --by=30m'],
    changes: 'the deadline',
    load: async () => (await import('../commands/orders.js')).extendDeadline,
  },
  {
    name: 'skip-validation',
    group: 'runs',
    summary: 'Passes the gate that holds the run; the run is marked with it',
    options: [
      { flags: '--unsafe', description: 'I know what that means: needed', isConsent: true },
      session,
      reason,
    ],
    examples: ['skip-validation --unsafe --reason="agreed with the owner"'],
    changes: 'the run, which goes on unproved',
    load: async () => (await import('../commands/orders.js')).skipValidation,
  },
];
