import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';
import type { Activities } from '../activities/types.js';

const shared: ActivityOptions = {
  /** A dead worker is noticed within this; every activity sends heartbeats, whatever it is busy with. */
  heartbeatTimeout: '10s',
  /** What was cancelled is waited for: the next act must not begin while the last one still writes. */
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  /**
   * For attempts that ended without a word (a dead worker). What an activity reports itself brings its own delay, and is
   * not retryable any more when it has been tried often enough.
   */
  retry: { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '5s' },
};

export type Arguments = { readonly [K in keyof Activities]: Parameters<Activities[K]>[0] };
export type Answers = { readonly [K in keyof Activities]: Awaited<ReturnType<Activities[K]>> };
type Calls = { readonly [K in keyof Activities]: (args: Arguments[K]) => Promise<Answers[K]> };

/** Short questions: the longest is a look at every row's count. */
const short = '10m';

/** Work that lasts as long as the data is large. Its progress stands in the target, not in its arguments. */
const long = '30d';

/** What the Temporal UI shows of each activity, before the step that it works on. */
const summaries: { readonly [K in keyof Activities]: readonly [Duration, string] } = {
  findLeftBehind: [short, 'look for what an earlier run has left in the target'],
  openRun: [short, 'enter the run into the target'],
  adoptRun: [short, 'take over the run that was left behind'],
  checkConnections: [short, 'look at source, target and backup'],
  prepareTarget: [short, "make or compare the target's tables"],
  inspectSource: [short, 'look at the legacy tables'],
  scoreQuality: [long, 'score the quality of the source'],
  checkDisk: [short, 'look at the free disk'],
  fingerprintTarget: [long, 'take the fingerprint of the target'],
  backUpTarget: [long, 'back the target up, and prove the backup'],
  countStep: [short, 'count what is in of'],
  countSource: [long, 'count the legacy rows of'],
  surveyStep: [long, 'settle ranges and duplicates of'],
  moveStep: [long, 'move'],
  completeStep: [long, 'links, counts, indexes of'],
  retryRejects: [long, 'move quarantined rows of'],
  catchUpStep: [long, 'move what has changed in the source of'],
  openVerification: [short, 'see what is to be compared of'],
  verifyStep: [long, 'compare source and target of'],
  checkCounts: [long, 'compare counts'],
  checkReferences: [long, 'check references'],
  checkRules: [long, 'check business rules'],
  previewUndo: [long, 'see what an undo would take back'],
  previewRestore: [long, 'see what a restore would take away'],
  undoStep: [long, 'undo'],
  settleAfterUndo: [long, 'counts and warnings of the steps that stay'],
  proveUndone: [long, 'compare the target with its fingerprint'],
  restoreTarget: [long, 'restore the target from the backup'],
  finishTarget: [long, 'indexes, sequences, statistics'],
  writeReport: [short, 'write the report'],
  closeRun: [short, 'close the run in the target'],
};

/** Told apart from others in flight; the same for the same act, so that one that is gone on with is known by it. */
export function activityIdOf(name: keyof Activities, args: object): string {
  const step = 'step' in args ? ` ${String(args.step)}` : '';
  const lane = 'lane' in args ? ` ${String(args.lane)}` : '';
  return `${name}${step}${lane}`;
}

/** Calls an activity under its own id and with its summary. */
export function call<K extends keyof Activities>(
  name: K,
  args: Arguments[K],
  activityId = activityIdOf(name, args),
): Promise<Answers[K]> {
  const [startToCloseTimeout, words] = summaries[name];
  const summary = 'step' in args ? `${words} ${args.step}` : words;
  const calls: Calls = proxyActivities<Activities>({ ...shared, startToCloseTimeout, activityId, summary });
  return calls[name](args);
}
