import type { Activities } from '../../activities/types.js';
import { outline } from './example-run.js';

const passed = { passed: true, code: '', reason: '' };
const counts = { read: 10, migrated: 10, merged: 0, rejected: 0, warnings: 0 };

/** The work of a run, taking no time and touching nothing: what is left of it is the clock and the order of things. */
export function quickActivities(over: Partial<Activities> = {}): Activities {
  const opened = { outline, parallel: 1, searchAttributes: false };
  return {
    findLeftBehind: async () => null,
    openRun: async () => opened,
    adoptRun: async () => ({
      ...opened,
      steps: [],
      checkpoints: [],
      fingerprinted: true,
      backedUp: true,
      notPartOfIt: [],
    }),
    checkConnections: async () => passed,
    prepareTarget: async () => passed,
    inspectSource: async () => passed,
    scoreQuality: async () => ({ ...passed, score: 1 }),
    checkDisk: async () => passed,
    fingerprintTarget: async () => undefined,
    backUpTarget: async () => passed,
    countStep: async () => counts,
    countSource: async () => 10,
    surveyStep: async () => ({ source: 10, ranges: 1 }),
    moveStep: async () => ({ ...counts, done: true, tooManyErrors: null }),
    completeStep: async ({ step }) => {
      const table = outline.steps.find((each) => each.step === step)?.table ?? step;
      return { ...counts, checkpoint: `${table}_completed`, at: new Date(0).toISOString() };
    },
    retryRejects: async () => ({ ...counts, moved: 0, done: true }),
    catchUpStep: async () => ({
      ...counts,
      source: 10,
      inserted: 0,
      updated: 0,
      deleted: 0,
      left: 0,
      completed: true,
      done: true,
    }),
    openVerification: async () => ({ ranges: 1 }),
    verifyStep: async () => ({ rows: 10, differences: 0, corrupted: 0 }),
    checkCounts: async () => [],
    checkReferences: async () => [],
    checkRules: async () => [],
    previewUndo: async ({ steps }) =>
      steps.map((step) => ({
        step,
        table: step,
        rows: 10,
        changed: { rows: 0, examples: [] },
        builtUpon: [],
      })),
    undoStep: async () => ({ ...counts, done: true }),
    settleAfterUndo: async () => undefined,
    proveUndone: async () => ({ differences: [], othersRows: 0, backup: null }),
    previewRestore: async () => ({ rows: 0, examples: [] }),
    restoreTarget: async () => undefined,
    finishTarget: async () => undefined,
    writeReport: async () => ({ path: 'report.json' }),
    closeRun: async () => undefined,
    ...over,
  };
}

/** A step that never comes to its end, a part of it every time. */
export const halfMoved = { ...counts, done: false, tooManyErrors: null } as const;
