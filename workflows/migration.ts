/**
 * The workflow `migration`: one run of a plan, phases 1 to 4. It only wires; what the state means stands in run-book,
 * what holds a run and lets it go in hold.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../activities/types.js';
import { parseRunInput, type RunSettings } from '../src/contract/input.js';
import type { Phase } from '../src/contract/names.js';
import type { RunRef } from '../src/contract/outline.js';
import type { LastError, RunStatus } from '../src/contract/status.js';
import { RunBook } from './run-book.js';
import { show } from './show.js';

const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** Short questions: the longest is a look at every row's count. */
const ask = proxyActivities<Activities>({ startToCloseTimeout: '10m', heartbeatTimeout: '10s', retry });
/** Work that lasts as long as the data is large. Progress stands in the target; a dead worker is noticed in seconds. */
const work = proxyActivities<Activities>({ startToCloseTimeout: '30d', heartbeatTimeout: '10s', retry });

const statusQuery = defineQuery<RunStatus>('status');
const progressQuery =
  defineQuery<Pick<RunStatus, 'state' | 'phase' | 'rows' | 'errorRate' | 'secondsLeft'>>('progress');
const checkpointsQuery = defineQuery<RunStatus['checkpoints']>('checkpoints');
const retryUpdate = defineUpdate<string>('retry');
const skipValidationUpdate = defineUpdate<string, [{ reason: string }]>('skip-validation');

export async function migration(input?: unknown): Promise<RunStatus> {
  const parsed = parseRunInput(input);
  if ('problems' in parsed) throw ApplicationFailure.nonRetryable(parsed.problems.join('\n'), 'ERR_002');
  const { settings } = parsed;
  const { workflowId, startTime } = workflowInfo();
  const book = new RunBook(settings.name ?? workflowId, settings, startTime.getTime());
  const ref: RunRef = { run: workflowId, plan: settings.plan, startedAt: startTime.toISOString() };
  const run = new Run(book, settings, ref);

  setHandler(statusQuery, () => book.status(Date.now()), {
    description: 'Everything about the run: phase, steps, rows, errors',
  });
  setHandler(
    progressQuery,
    () => {
      const { state, phase, rows, errorRate, secondsLeft } = book.status(Date.now());
      return { state, phase, rows, errorRate, secondsLeft };
    },
    { description: 'The figures of the run only, for polling' },
  );
  setHandler(checkpointsQuery, () => book.checkpoints, {
    description: 'Points that a rollback can go back to',
  });
  setHandler(retryUpdate, () => run.release('retry'), {
    description: 'Tries again what holds the run',
    validator: () => run.mayRelease('retry'),
  });
  setHandler(skipValidationUpdate, () => run.release('skip-validation'), {
    description: 'Passes the gate that holds the run; a reason is required and the run is marked',
    validator: (argument) => {
      if (typeof argument?.reason !== 'string' || argument.reason.trim() === '')
        throw new Error('skip-validation needs a reason: {"reason": "..."}');
      run.mayRelease('skip-validation');
    },
  });

  await run.prepare();
  await run.migrate();
  if (settings.verify) await run.validate();
  await run.finalize();
  return book.status(Date.now());
}

/** The phases in order. Every step of a phase passes, or holds the run until an operator lets it go. */
class Run {
  readonly #book: RunBook;
  readonly #settings: RunSettings;
  readonly #ref: RunRef;
  #released: 'retry' | 'skip-validation' | undefined;
  #searchAttributes = false;

  constructor(book: RunBook, settings: RunSettings, ref: RunRef) {
    this.#book = book;
    this.#settings = settings;
    this.#ref = ref;
  }

  async prepare(): Promise<void> {
    const book = this.#book;
    this.#enter('prepare');
    const opened = await this.#open();
    this.#searchAttributes = opened.searchAttributes;
    book.setOutline(opened.outline);
    this.#show();
    const steps = book.steps.map(({ step }) => step);
    await this.#gate(() => ask.checkConnections(this.#ref));
    await this.#gate(() => ask.inspectSource({ ...this.#ref, steps }));
    await this.#gate(() => ask.prepareTarget(this.#ref));
    await this.#gate(() => ask.checkDisk(this.#ref));
    await this.#gate(async () => {
      const quality = await work.scoreQuality({
        ...this.#ref,
        steps,
        minScore: this.#settings.minQualityScore,
      });
      book.qualityScore = quality.score;
      return quality;
    });
    await this.#insist(() => ask.fingerprintTarget(this.#ref));
    if (this.#settings.backup) await this.#insist(() => work.backUpTarget(this.#ref));
  }

  /** A run that may not start (a wrong plan or table, another run open) fails at once, in the activity's own words. */
  async #open(): Promise<OpenedRun> {
    try {
      return await ask.openRun({ ...this.#ref, settings: this.#settings, name: this.#book.name });
    } catch (error) {
      const failure = lastErrorOf(error);
      if (!failure) throw error;
      throw ApplicationFailure.nonRetryable(failure.message, failure.code, { next: failure.next });
    }
  }

  async migrate(): Promise<void> {
    this.#enter('migrate');
    for (const { step } of this.#book.steps) await this.#insist(() => this.#moveStep(step));
  }

  async validate(): Promise<void> {
    this.#enter('validate');
    for (const { step } of this.#book.steps) {
      await this.#insist(async () => {
        const { differences } = await work.verifyStep({ ...this.#ref, step, lane: 0 });
        this.#book.setDifferences(step, differences);
      });
      this.#show();
    }
    await this.#gate(async () => {
      this.#book.checks.length = 0;
      for (const check of [ask.checkCounts, work.checkReferences, work.checkRules])
        this.#book.checks.push(...(await check(this.#ref)));
      const failed = this.#book.checks.filter(
        ({ severity, failed: rows }) => severity === 'error' && rows > 0,
      );
      const differing = this.#book.steps.filter((step) => (step.differences ?? 0) > 0);
      return {
        passed: failed.length === 0 && differing.length === 0,
        code: differing.length > 0 ? 'ERR_009' : 'ERR_003',
        reason: [
          ...differing.map((step) => `${step.table}: ${step.differences} rows differ from their source`),
          ...failed.map((check) => `${check.title}: ${check.failed} of ${check.looked}`),
        ].join('; '),
      };
    });
  }

  async finalize(): Promise<void> {
    const book = this.#book;
    this.#enter('finalize');
    await this.#insist(() => work.finishTarget(this.#ref));
    const closed = { ...book.status(Date.now()), state: 'completed' as const };
    book.report = (await ask.writeReport({ ...this.#ref, status: closed })).path;
    await ask.closeRun({ ...this.#ref, state: 'completed' });
    book.state = 'completed';
    this.#show();
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
      const lanes = Math.min(this.#settings.parallel, ranges);
      const batchSize = this.#settings.batchSizes?.[step] ?? this.#settings.batchSizes?.['default'] ?? null;
      await Promise.all(
        Array.from({ length: lanes }, (_, lane) => work.moveStep({ ...ref, lane, batchSize })),
      );
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

  /** A gate that does not pass holds the run; `retry` asks again, `skip-validation` goes on. */
  async #gate(look: () => Promise<{ passed: boolean; code: string; reason: string }>): Promise<void> {
    for (;;) {
      const gate = await this.#insist(look);
      if (gate.passed) return;
      this.#book.fail(
        { code: gate.code, message: gate.reason, next: 'Mend the cause and retry, or skip the validation.' },
        Date.now(),
      );
      if ((await this.#hold(gate.reason, gate.code, ['retry', 'skip-validation'])) === 'skip-validation')
        return;
    }
  }

  /** What fails although retried holds the run until an operator says `retry`. */
  async #insist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        const failure = lastErrorOf(error);
        if (!failure) throw error;
        this.#book.fail(failure, Date.now());
        await this.#hold(failure.message, failure.code, ['retry']);
      }
    }
  }

  async #hold(reason: string, code: string, helps: readonly string[]): Promise<'retry' | 'skip-validation'> {
    const book = this.#book;
    this.#released = undefined;
    book.state = 'waiting';
    book.waitingFor = { reason, code, helps };
    this.#show();
    await condition(() => this.#released !== undefined);
    book.state = 'running';
    book.waitingFor = null;
    this.#show();
    return this.#released ?? 'retry';
  }

  /** For validators: throws with what would be allowed. */
  mayRelease(how: 'retry' | 'skip-validation'): void {
    const waiting = this.#book.waitingFor;
    if (!waiting) throw new Error(`nothing holds the run: it is ${this.#book.state}`);
    if (!waiting.helps.includes(how))
      throw new Error(`${how} does not help here; ${waiting.helps.join(' or ')} does`);
  }

  release(how: 'retry' | 'skip-validation'): string {
    this.#released = how;
    this.#book.note({ by: 'operator', what: how, reason: this.#book.waitingFor?.reason ?? null }, Date.now());
    return `accepted: ${how}`;
  }

  #enter(phase: Phase): void {
    this.#book.phase = phase;
    this.#show();
  }

  #show(): void {
    show(this.#book.status(Date.now()), this.#searchAttributes);
  }
}

/** The failed activity's own words; undefined when the error is none (a cancellation, a fault of the workflow). */
function lastErrorOf(error: unknown): Omit<LastError, 'at'> | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return undefined;
  return {
    code: error.cause.type ?? 'ERR_003',
    message: error.cause.message,
    next: nextOf(error.cause.details?.[0]) ?? 'Mend the cause, then send the update retry.',
  };
}

function nextOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('next' in details)) return undefined;
  return typeof details.next === 'string' ? details.next : undefined;
}
