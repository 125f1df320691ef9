import { isCancellation } from '@temporalio/workflow';
import type { Acts } from '../acts.js';
import { HistoryFull, RollbackNeeded } from '../failure.js';
import type { Answers } from '../activities.js';
import { validationGate } from '../gates.js';

type Verified = Answers['verifyStep'];

/** Of one step, its ranges side by side; `again`: also what was found to differ before. */
async function verify(acts: Acts, step: string, again: boolean): Promise<Verified> {
  const { data } = acts.control;
  const { ranges } = await acts.do('openVerification', (ref) => ({ ...ref, step, again }));
  const lanes = Math.max(1, Math.min(data.settings.parallel, data.parallel, ranges));
  const found = await acts.sideBySide(
    Array.from(
      { length: lanes },
      (_, lane) => () => acts.do('verifyStep', (ref) => ({ ...ref, step, lane })),
    ),
  );
  // Each counts all that is in by its end, so the highest figures are those of the last one.
  const highest = (of: keyof Verified) => Math.max(...found.map((figures) => figures[of]));
  return { rows: highest('rows'), differences: highest('differences'), corrupted: highest('corrupted') };
}

/** Phase 3: every moved row is compared with its source; then counts, references and business rules. */
export async function validate(acts: Acts): Promise<void> {
  const { data } = acts.control;
  data.phase = 'validate';
  data.validated = false;
  if (data.passed.includes(validationGate)) data.passed.splice(data.passed.indexOf(validationGate), 1);
  acts.changed();
  try {
    await compareSteps(acts);
    await runChecks(acts);
    data.compared = [];
  } catch (error) {
    // Interrupted it goes on where it was, in a new history too; what is held or has failed is compared from the start.
    if (!isCancellation(error) && !(error instanceof HistoryFull)) data.compared = [];
    throw error;
  }
  data.validated = true;
  acts.changed();
}

async function compareSteps(acts: Acts): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  const compared = (data.compared ??= []);
  for (const { step, table, state, differences } of data.steps) {
    if (state !== 'completed' || compared.includes(step)) continue;
    const found = await verify(acts, step, (differences ?? 0) > 0);
    book.setDifferences(step, found.differences);
    acts.changed();
    if (found.corrupted > 0)
      throw new RollbackNeeded(
        'ERR_009',
        `${found.corrupted} rows of ${table} differ from what was read, and their source has not changed.`,
        'See migration.differences for the rows and columns; find out who else writes to these tables.',
      );
    compared.push(step);
  }
}

async function runChecks(acts: Acts): Promise<void> {
  const { data } = acts.control;
  await acts.gate(validationGate, async () => {
    data.checks = [
      ...(await acts.do('checkCounts', (ref) => ref)),
      ...(await acts.do('checkReferences', (ref) => ref)),
      ...(await acts.do('checkRules', (ref) => ref)),
    ];
    const failed = data.checks.filter(({ severity, failed: rows }) => severity === 'error' && rows > 0);
    const drifted = data.steps.filter((step) => (step.differences ?? 0) > 0);
    return {
      passed: failed.length === 0 && drifted.length === 0,
      code: 'ERR_003',
      reason: [
        ...drifted.map(
          (step) => `${step.table}: ${step.differences} rows changed in the source since they were read`,
        ),
        ...failed.map((check) => `${check.title}: ${check.failed} of ${check.looked} rows fail`),
      ].join('; '),
    };
  });
}
