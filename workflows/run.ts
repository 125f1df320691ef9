import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { Gate } from '../activities/types.js';
import type { RunSettings } from '../src/contract/input.js';
import type { Phase } from '../src/contract/names.js';
import type { RunRef } from '../src/contract/outline.js';
import { ask, work } from './activities.js';
import { activityError } from './failure.js';
import { Hold, type Release } from './hold.js';
import { RollbackNeeded } from './rollback-needed.js';
import type { RunBook } from './run-book.js';
import { show } from './show.js';

/** The phases of a run, and its undo. Every act passes, or holds the run until an operator lets it go. */
export class Run {
  readonly hold: Hold;
  readonly #book: RunBook;
  readonly #settings: RunSettings;
  readonly #ref: RunRef;
  /** entered into the target: from here on there is something to undo */
  #entered = false;
  #searchAttributes = false;
  #parallel = 1;

  constructor(book: RunBook, settings: RunSettings, ref: RunRef) {
    this.#book = book;
    this.#settings = settings;
    this.#ref = ref;
    this.hold = new Hold(book, () => this.#show());
  }

  async prepare(): Promise<void> {
    const book = this.#book;
    this.#enter('prepare');
    await this.#undoLeftBehind();
    const opened = await this.#orFail(() =>
      ask.openRun({ ...this.#ref, settings: this.#settings, name: book.name }),
    );
    this.#entered = true;
    this.#searchAttributes = opened.searchAttributes;
    this.#parallel = Math.min(this.#settings.parallel, opened.parallel);
    book.setOutline(opened.outline);
    this.#show();
    const steps = book.steps.map(({ step }) => step);
    await this.#gate(() => ask.checkConnections(this.#ref));
    await this.#gate(() => ask.inspectSource({ ...this.#ref, steps }));
    await this.#gate(() => ask.prepareTarget(this.#ref));
    await this.#gate(() => ask.checkDisk(this.#ref));
    await this.#gate(async () => {
      const minScore = this.#settings.minQualityScore;
      const quality = await work.scoreQuality({ ...this.#ref, steps, minScore });
      book.qualityScore = quality.score;
      return quality;
    });
    await this.#insist(() => work.fingerprintTarget(this.#ref));
    if (this.#settings.backup) await this.#gate(() => work.backUpTarget(this.#ref));
  }

  async migrate(): Promise<void> {
    this.#enter('migrate');
    for (const { step } of this.#book.steps) await this.#insist(() => this.#moveStep(step));
  }

  async validate(): Promise<void> {
    const book = this.#book;
    this.#enter('validate');
    for (const { step, table } of book.steps) {
      const found = await this.#insist(() => work.verifyStep({ ...this.#ref, step, lane: 0 }));
      book.setDifferences(step, found.differences);
      this.#show();
      if (found.corrupted > 0)
        throw new RollbackNeeded(
          'ERR_009',
          `${found.corrupted} rows of ${table} differ from what was read, and their source has not changed.`,
          'See migration.differences for the rows and columns; find out who else writes to these tables.',
        );
    }
    await this.#gate(async () => {
      book.checks.length = 0;
      for (const check of [work.checkCounts, work.checkReferences, work.checkRules])
        book.checks.push(...(await check(this.#ref)));
      const failed = book.checks.filter(({ severity, failed: rows }) => severity === 'error' && rows > 0);
      const drifted = book.steps.filter((step) => (step.differences ?? 0) > 0);
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

  async finalize(): Promise<void> {
    const book = this.#book;
    this.#enter('finalize');
    await this.#insist(() => work.finishTarget(this.#ref));
    const closed = { ...book.status(Date.now()), state: 'completed' as const };
    book.report = (await this.#insist(() => ask.writeReport({ ...this.#ref, status: closed }))).path;
    // Closed or not closed: a cancellation that comes now must not undo what stands as completed.
    await this.#insist(() =>
      CancellationScope.nonCancellable(() => ask.closeRun({ ...this.#ref, state: 'completed' })),
    );
    book.state = 'completed';
    this.#show();
  }

  /**
   * Undoes every step that has begun, children first, and proves that the target is what it was. What cannot be done
   * holds the run as `rollback-failed` until an operator says retry. The caller makes it non-cancellable.
   */
  async rollBack(): Promise<void> {
    if (!this.#entered) return;
    const book = this.#book;
    book.state = 'rolling-back';
    this.#show();
    for (const { step, state } of book.steps.toReversed()) {
      if (state === 'pending' || state === 'rolled-back') continue;
      await this.#insist(() => work.undoStep({ ...this.#ref, step }), 'rollback-failed');
      book.endStep(step, 'rolled-back', Date.now());
      this.#show();
    }
    await this.#insist(() => work.proveUndone(this.#ref), 'rollback-failed');
    await this.#insist(() => ask.closeRun({ ...this.#ref, state: 'rolled-back' }), 'rollback-failed');
    book.state = 'rolled-back';
    book.checkpoints.length = 0;
    this.#show();
  }

  /**
   * Rows of a run that ended without closing are undone before anything else, when the operator says so: it is not known
   * here whether they are wanted.
   */
  async #undoLeftBehind(): Promise<void> {
    const left = await this.#orFail(() => ask.findLeftBehind(this.#ref));
    if (!left) return;
    const { run, plan, startedAt } = left;
    const reason = `the run ${run} (${left.name}) is open on this target, and this Temporal knows no such workflow that is alive; retry undoes what it left in the target and goes on`;
    await this.hold.wait({ reason, code: 'ERR_002' }, ['retry']);
    const book = this.#book;
    book.state = 'rolling-back';
    this.#show();
    for (const step of left.steps.toReversed())
      await this.#insist(() => work.undoStep({ run, plan, startedAt, step }), 'rollback-failed');
    await this.#insist(() => work.proveUndone({ run, plan, startedAt }), 'rollback-failed');
    await this.#insist(() => ask.closeRun({ run, plan, startedAt, state: 'rolled-back' }), 'rollback-failed');
    book.note({ by: 'migration', what: 'undid what a run had left behind', reason: run }, Date.now());
    book.state = 'running';
    this.#show();
  }

  /** A run that may not start (a wrong plan or table, another run open) fails at once, in the activity's own words. */
  async #orFail<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      const failure = activityError(error);
      if (!failure) throw error;
      throw ApplicationFailure.nonRetryable(`${failure.message} ${failure.next}`, failure.code);
    }
  }

  async #moveStep(step: string): Promise<void> {
    const book = this.#book;
    const ref = { ...this.#ref, step };
    book.startStep(step, Date.now());
    this.#show();
    try {
      const { source, ranges } = await work.surveyStep(ref);
      book.setSource(step, source);
      this.#show();
      const { batchSizes, maxErrorRate, minErrorSample } = this.#settings;
      const lane = {
        ...ref,
        batchSize: batchSizes?.[step] ?? batchSizes?.['default'] ?? null,
        limit: { maxErrorRate, minErrorSample },
      };
      const lanes = Array.from({ length: Math.min(this.#parallel, ranges) }, (_, i) => i);
      const moved = await allOrNone(lanes.map((i) => () => work.moveStep({ ...lane, lane: i })));
      for (const counts of moved) book.countRows(step, counts, Date.now());
      this.#refuseTooManyErrors(
        step,
        moved.some((counts) => counts.tooManyErrors),
      );
      this.#alert(step);
      const done = await work.completeStep(ref);
      book.countRows(step, done, Date.now());
      book.endStep(step, 'completed', Date.now());
      book.checkpoints.push({ name: done.checkpoint, at: done.at });
    } catch (error) {
      book.endStep(step, 'failed', Date.now());
      throw error;
    }
    this.#show();
  }

  /**
   * At the end of a step, its own error rate and that of the run. A step that was ended early for its errors is refused
   * whatever its rate is by now: chunks in hand may have brought it down again.
   */
  #refuseTooManyErrors(step: string, endedEarly: boolean): void {
    const { maxErrorRate } = this.#settings;
    for (const [what, { read, rejected }] of [
      [step, this.#book.rowsOf(step)],
      ['the run', this.#book.rows],
    ] as const)
      if ((endedEarly && what === step) || (read > 0 && rejected / read > maxErrorRate))
        throw new RollbackNeeded(
          'ERR_003',
          `${rejected} of ${read} rows of ${what} were rejected (${percent(rejected / read)}; ${percent(maxErrorRate)} is the limit).`,
          'See migration.rejects for the reasons; mend the source or raise maxErrorRate, then start again.',
        );
  }

  /** Says once, among the actions, that more rows are rejected than is usual. Nothing else follows from it. */
  #alert(step: string): void {
    const { alertErrorRate } = this.#settings;
    const { read, rejected } = this.#book.rowsOf(step);
    if (read === 0 || rejected / read <= alertErrorRate) return;
    const reason = `${rejected} of ${read} rows of ${step} were rejected (${percent(rejected / read)}; an alert from ${percent(alertErrorRate)} on)`;
    this.#book.note({ by: 'migration', what: 'alert', reason }, Date.now());
  }

  /** A gate that does not pass holds the run; `retry` asks again, `skip-validation` goes on. */
  async #gate(look: () => Promise<Gate>): Promise<void> {
    for (;;) {
      const gate = await this.#insist(look);
      for (const note of gate.notes ?? [])
        this.#book.note({ by: 'migration', what: 'note', reason: note }, Date.now());
      if (gate.passed) return;
      const helps: readonly Release[] = gate.skippable === false ? ['retry'] : ['retry', 'skip-validation'];
      const next = helps.includes('skip-validation')
        ? 'Mend the cause and retry, or skip the validation with a reason.'
        : 'Mend the cause and retry.';
      this.#book.fail({ code: gate.code, message: gate.reason, next }, Date.now());
      if ((await this.hold.wait(gate, helps)) === 'skip-validation') return;
    }
  }

  /** What fails although retried holds the run until an operator says `retry`. */
  async #insist<T>(act: () => Promise<T>, state?: 'rollback-failed'): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        const failure = activityError(error);
        if (!failure) throw error;
        this.#book.fail(failure, Date.now());
        await this.hold.wait({ reason: failure.message, code: failure.code }, ['retry'], state);
      }
    }
  }

  #enter(phase: Phase): void {
    this.#book.phase = phase;
    this.#show();
  }

  #show(): void {
    show(this.#book.status(Date.now()), this.#searchAttributes);
  }
}

/** All answers; when one fails, the others are stopped and waited for, so that nothing goes on behind a run that is held. */
function allOrNone<T>(acts: readonly (() => Promise<T>)[]): Promise<T[]> {
  const scope = new CancellationScope();
  return scope.run(async () => {
    const running = acts.map((act) => act());
    try {
      return await Promise.all(running);
    } catch (error) {
      scope.cancel();
      await Promise.allSettled(running);
      throw error;
    }
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
