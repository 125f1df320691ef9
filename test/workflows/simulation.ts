import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Activities, Gate, LeftBehind, StepCounts } from '../../activities/types.js';
import type { RunInput } from '../../src/contract/input.js';
import { parseUpdate } from '../../src/contract/messages.js';
import type { UpdateName } from '../../src/contract/names.js';
import type { RunRef } from '../../src/contract/outline.js';
import type { Answers, Arguments } from '../../workflows/activities.js';
import { Acts } from '../../workflows/acts.js';
import { nextOrder } from '../../workflows/agenda.js';
import { Control } from '../../workflows/control.js';
import { HistoryFull } from '../../workflows/failure.js';
import { endOrder } from '../../workflows/give-up.js';
import { obey } from '../../workflows/orders/obey.js';
import { RunBook } from '../../workflows/run-book.js';
import type { Order, RunData } from '../../workflows/run-data.js';
import { hour, outline, startedRun } from './example-run.js';

/** How an act ends. `refused`: a gate that does not pass, too many errors, corruption, rows changed by others. */
export type Outcome = 'done' | 'part' | 'refused' | 'lost-connection' | 'no-memory' | 'interrupted';

/** What is in the target of a step. */
type Rows = 'none' | 'half' | 'all';

export interface PendingAct {
  readonly name: keyof Activities;
  readonly args: Readonly<Record<string, unknown>>;
  readonly scope: Scope;
  interrupted: boolean;
  readonly settle: { resolve(answer: unknown): void; reject(error: Error): void };
}

/** Like Temporal's CancellationScope: cancelling it interrupts the acts in it. */
class Scope {
  cancelled = false;
  readonly parent: Scope | undefined;

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  get consideredCancelled(): boolean {
    return this.cancelled || (this.parent?.consideredCancelled ?? false);
  }

  holds(scope: Scope): boolean {
    return scope === this || (scope.parent !== undefined && this.holds(scope.parent));
  }
}

const current = new AsyncLocalStorage<Scope>();
const passed: Gate = { passed: true, code: '', reason: '' };

/**
 * The executor of a run without Temporal: the loop of `Run` and the acts of `TemporalActs` in plain promises. Whoever
 * drives it says when an act ends, and how; what the act has done to the target is kept as `target`.
 */
export class Simulation {
  data: RunData;
  book!: RunBook;
  control!: Control;
  readonly target = new Map<string, Rows>(outline.steps.map(({ step }) => [step, 'none']));
  readonly pending: PendingAct[] = [];
  /** sentences on what must not have happened */
  readonly broken: string[] = [];
  /** the workflow has failed for a fault of the program, or because it may not start */
  failure: unknown;
  lastOrder: Order | undefined;
  historyIsFull = false;
  closedAs: string | null = null;
  /** the deadline has passed, or the run was cancelled: it must not end as completed */
  mustUndo = false;
  /** an operator has rolled back some of it: it waits for more orders */
  partlyUndone = false;
  #order: Scope | undefined;
  #watching = true;
  #leftBehind: LeftBehind | null = null;
  readonly #waiting: { readonly until: () => boolean; readonly go: () => void }[] = [];

  private constructor(data: RunData) {
    this.data = data;
  }

  /** @param leftBehind another run has left suppliers, and half of its products */
  static async start(input: RunInput, leftBehind = false): Promise<Simulation> {
    const startedAtMs = Date.now();
    const deadlineMs = startedAtMs + 4 * hour;
    const simulation = new Simulation({ ...startedRun(input), startedAtMs, deadlineMs });
    if (leftBehind) {
      simulation.target.set('suppliers', 'all').set('products', 'half');
      const ref = { run: 'migration-old', plan: 'nxt', startedAt: new Date(0).toISOString() };
      simulation.#leftBehind = {
        ...ref,
        name: 'old',
        steps: ['suppliers', 'products'],
        rows: 150,
        searchAttributes: false,
      };
    }
    simulation.#begin();
    await simulation.#settle();
    return simulation;
  }

  get ended(): boolean {
    return this.data.ended !== null || this.failure !== undefined;
  }

  async pause(): Promise<void> {
    this.control.pause();
    await this.#settle();
  }

  async emergencyStop(): Promise<void> {
    this.control.emergencyStop();
    await this.#settle();
  }

  async resume(): Promise<void> {
    this.control.resume();
    await this.#settle();
  }

  /** `temporal workflow cancel`. */
  async cancel(): Promise<void> {
    this.mustUndo ||= this.control.situation !== 'closing';
    this.control.cancel();
    await this.#settle();
  }

  /** Once, as a timer does. */
  async passDeadline(): Promise<void> {
    if (!this.#watching) return;
    this.#watching = false;
    this.mustUndo ||= this.control.situation !== 'closing';
    this.data.deadlineMs = Date.now();
    this.control.deadlinePassed();
    await this.#settle();
  }

  /** The history is full: the run goes on in a new one, as soon as no act is at work. */
  async fillHistory(): Promise<void> {
    if (this.data.canceled) return;
    this.historyIsFull = true;
    await this.#settle();
  }

  /** As `listen` takes it. Throws the refusal. */
  async update(name: UpdateName, given: unknown): Promise<void> {
    this.#take(name, given);
    await this.#settle();
  }

  /** The act ends; `interrupted` only if it was. */
  async end(act: PendingAct, outcome: Outcome): Promise<void> {
    this.pending.splice(this.pending.indexOf(act), 1);
    if (outcome === 'interrupted' && act.interrupted) {
      act.settle.reject(activityFailure(act.name, new CancelledFailure('cancelled')));
    } else if (outcome === 'lost-connection' || outcome === 'no-memory') {
      const code = outcome === 'no-memory' ? 'ERR_007' : 'ERR_001';
      const cause = ApplicationFailure.nonRetryable(`${act.name}: ${outcome}`, code);
      act.settle.reject(activityFailure(act.name, cause));
    } else {
      act.settle.resolve(this.#answer(act, outcome));
    }
    await this.#settle();
  }

  #take(name: UpdateName, given: unknown): void {
    const { control } = this;
    switch (name) {
      case 'run-step':
        return control.runStep(control.orderOf(parseUpdate(name, given)));
      case 'retry': {
        const args = parseUpdate(name, given);
        return void control.retry(args, control.stepsToRetry(args));
      }
      case 'catch-up':
        return control.catchUp(control.catchUpOf(parseUpdate(name, given)));
      case 'rollback': {
        const args = parseUpdate(name, given);
        const order = control.undoOrderOf(args);
        if (args.dryRun) return;
        if (order.steps !== 'all') this.partlyUndone = true;
        return control.undo(order);
      }
      case 'configure': {
        const args = parseUpdate(name, given);
        control.checkConfigure(args, this.control.data.startedAtMs);
        return void control.configure(args);
      }
      case 'extend-deadline':
        control.check(name);
        return void control.extendDeadline(parseUpdate(name, given));
      case 'skip-validation':
        parseUpdate(name, given);
        control.checkSkip();
        return control.skip();
      case 'finish':
        control.checkFinish();
        return void control.finish();
    }
  }

  /** A new history, or the first. */
  #begin(): void {
    this.historyIsFull = false;
    this.book = new RunBook(this.data);
    this.control = new Control(this.data, {
      interruptActs: () => this.#interrupt(() => true),
      renewMoves: () => this.#interrupt(({ name }) => name === 'moveStep'),
      interruptOrder: () => {
        const order = this.#order;
        if (!order) return;
        order.cancelled = true;
        this.#interrupt((act) => order.holds(act.scope));
      },
    });
    if (this.data.deadlineMs <= Date.now()) this.control.deadlinePassed();
    void this.#untilEnded(new SimulatedActs(this));
  }

  /** Mirrors `Run.untilEnded`. */
  async #untilEnded(acts: Acts): Promise<void> {
    const { data } = this;
    try {
      while (!data.ended) {
        if (this.full) throw new HistoryFull();
        data.order = nextOrder(data) ?? null;
        if (data.order) await this.#obey(acts, data.order);
        else await this.until(() => (!data.held && (data.queue.length > 0 || data.walking)) || this.full);
      }
    } catch (error) {
      if (!(error instanceof HistoryFull)) {
        this.failure = error;
        return;
      }
      this.data = JSON.parse(JSON.stringify(data)) as RunData;
      this.#begin();
    }
  }

  /** Mirrors `Run.#obey`. */
  async #obey(acts: Acts, order: Order): Promise<void> {
    const scope = (this.#order = new Scope());
    this.lastOrder = order;
    try {
      await current.run(scope, () => obey(acts, order));
      this.data.order = null;
    } catch (error) {
      const interrupted = scope.consideredCancelled;
      if (!endOrder(this, order, error, { interrupted, nowMs: Date.now() })) throw error;
    } finally {
      this.#order = undefined;
    }
  }

  get full(): boolean {
    return this.historyIsFull && !this.data.canceled;
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ until: condition, go }));
  }

  /** The activity begins: from here on it may have written. */
  call(name: keyof Activities, args: object, scope: Scope): Promise<unknown> {
    const known = { ...args };
    this.#watch(name, known);
    return new Promise((resolve, reject) => {
      this.pending.push({ name, args: known, scope, interrupted: false, settle: { resolve, reject } });
    });
  }

  interruptIn(scope: Scope): void {
    scope.cancelled = true;
    this.#interrupt((act) => scope.holds(act.scope));
  }

  #interrupt(which: (act: PendingAct) => boolean): void {
    for (const act of this.pending) if (which(act)) act.interrupted = true;
  }

  /** What an activity rests on when it begins. */
  #watch(name: keyof Activities, { step, state }: { step?: unknown; state?: unknown }): void {
    const { data, target } = this;
    if (data.brake !== 'off') this.broken.push(`${name} begins although the run is ${data.brake}`);
    const of = outline.steps.find((each) => each.step === step);
    if (of && (name === 'surveyStep' || name === 'moveStep')) {
      if (!data.compensations.includes(of.step)) this.broken.push(`${of.step} moves without its undo`);
      for (const other of of.waitsFor)
        if (target.get(other) !== 'all') this.broken.push(`${of.step} moves although ${other} is not in`);
      if (data.steps.find((each) => each.step === step)?.state === 'completed')
        this.broken.push(`${of.step} moves although it is completed`);
      if (name === 'moveStep') target.set(of.step, 'half');
    }
    // Some of its rows are without their links until it is completed again.
    if (of && name === 'retryRejects') target.set(of.step, 'half');
    if (of && name === 'catchUpStep') {
      if (!data.compensations.includes(of.step)) this.broken.push(`${of.step} catches up without its undo`);
      for (const other of of.waitsFor)
        if (target.get(other) !== 'all') this.broken.push(`${of.step} catches up before ${other} has`);
      target.set(of.step, 'half');
    }
    if (of && name === 'undoStep') {
      const children = outline.steps.filter(({ dependsOn }) => dependsOn.includes(of.step));
      for (const child of children)
        if (target.get(child.step) !== 'none')
          this.broken.push(`${of.step} is undone while ${child.step} stands on it`);
      if (target.get(of.step) === 'all') target.set(of.step, 'half');
    }
    if (name === 'closeRun' && state === 'rolled-back')
      for (const [other, rows] of target)
        if (rows !== 'none') this.broken.push(`closed as rolled back with ${rows} of ${other} in`);
    if (name === 'closeRun' && state === 'completed')
      for (const [other, rows] of target) {
        const completed = data.steps.find((each) => each.step === other)?.state === 'completed';
        if (rows !== (completed ? 'all' : 'none'))
          this.broken.push(`closed as completed with ${rows} of ${other} in`);
      }
  }

  /** Typed by the activity's name; what it has done to the target is done here. */
  #answer({ name, args }: PendingAct, outcome: Outcome): unknown {
    const step = String(args['step']);
    const refused = outcome === 'refused';
    const done = outcome !== 'part';
    const gate: Gate = refused ? { passed: false, code: 'ERR_003', reason: `${name} does not pass` } : passed;
    const { run, plan, startedAt } = this.data.ref;
    const opened = { outline, parallel: 2, searchAttributes: false };
    const answers: { readonly [K in keyof Activities]: () => Answers[K] } = {
      findLeftBehind: () => this.#leftBehind,
      openRun: () => opened,
      adoptRun: () => {
        this.#leftBehind = null;
        return {
          ...opened,
          steps: [
            { ...this.#counts('suppliers'), ...times, step: 'suppliers', state: 'completed', source: 100 },
            { ...this.#counts('products'), ...times, step: 'products', state: 'running', source: 100 },
          ],
          checkpoints: [{ name: 'suppliers_completed', at: startedAt }],
          fingerprinted: true,
          backedUp: false,
          notPartOfIt: [],
        };
      },
      checkConnections: () => gate,
      prepareTarget: () => gate,
      inspectSource: () => ({ ...gate, ...(refused && { skippable: false }) }),
      scoreQuality: () => ({ ...gate, score: 1 }),
      checkDisk: () => gate,
      fingerprintTarget: () => undefined,
      backUpTarget: () => gate,
      countStep: () => this.#counts(step),
      countSource: () => 10,
      surveyStep: () => ({ source: 100, ranges: 2 }),
      moveStep: () => ({
        ...this.#counts(step),
        done: done && !refused,
        tooManyErrors: refused ? { what: step, read: 100, rejected: 50 } : null,
      }),
      completeStep: () => {
        this.target.set(step, 'all');
        const { table = step } = outline.steps.find((each) => each.step === step) ?? {};
        return { ...this.#counts(step), checkpoint: `${table}_completed`, at: startedAt };
      },
      retryRejects: () => ({ ...this.#counts(step), moved: 1, done }),
      catchUpStep: () => {
        const changed = { inserted: 1, updated: 2, deleted: 1, left: 0 };
        // Nothing had changed.
        if (refused) this.target.set(step, 'all');
        return { ...this.#counts(step), ...changed, source: 100, completed: refused, done };
      },
      openVerification: () => ({ ranges: 1 }),
      verifyStep: () => ({ rows: 100, differences: refused ? 1 : 0, corrupted: refused ? 1 : 0 }),
      checkCounts: () => [
        { check: 'counts', title: 'Counts', severity: 'error', looked: 100, failed: refused ? 1 : 0 },
      ],
      checkReferences: () => [],
      checkRules: () => [],
      previewUndo: () =>
        (args['steps'] as readonly string[]).map((each) => ({
          step: each,
          table: each,
          rows: 100,
          changed: refused ? { rows: 1, examples: ['7'] } : { rows: 0, examples: [] },
          builtUpon: [],
        })),
      undoStep: () => {
        this.target.set(step, done ? 'none' : 'half');
        return { ...this.#counts(step), done };
      },
      settleAfterUndo: () => undefined,
      proveUndone: () => ({
        differences: refused ? ['customers differs.'] : [],
        othersRows: 1,
        backup: null,
      }),
      previewRestore: () => ({ rows: 0, examples: [] }),
      restoreTarget: () => {
        for (const other of this.target.keys()) this.target.set(other, 'none');
      },
      finishTarget: () => undefined,
      writeReport: () => ({ path: `${run} ${plan}` }),
      closeRun: () => {
        this.closedAs = String(args['state']);
      },
    };
    return answers[name]();
  }

  /** Some rows of every step are in quarantine, but few. */
  #counts(step: string): StepCounts {
    const rejected = step === 'suppliers' || step === 'price-lists' ? 2 : 0;
    return { read: 100, migrated: 100 - rejected, merged: 0, rejected, warnings: 0 };
  }

  /** Until nothing moves by itself any more. */
  async #settle(): Promise<void> {
    for (let quiet = false; !quiet;) {
      await setImmediate();
      const ready = this.#waiting.filter(({ until }) => until());
      for (const waiting of ready) {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.go();
      }
      quiet = ready.length === 0;
    }
  }
}

const times = { startedAt: null, endedAt: null };

/** Mirrors `TemporalActs`. */
class SimulatedActs extends Acts {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    super(simulation.control, simulation.book);
    this.#simulation = simulation;
  }

  async do<K extends keyof Activities>(name: K, args: (ref: RunRef) => Arguments[K]): Promise<Answers[K]> {
    const simulation = this.#simulation;
    const { data } = this.control;
    const order = current.getStore() ?? new Scope();
    for (;;) {
      if (data.brake !== 'off') await simulation.until(() => data.brake === 'off' || simulation.full);
      if (order.consideredCancelled) throw new CancelledFailure('another order comes first');
      if (simulation.full) throw new HistoryFull();
      const given = args(data.ref);
      this.control.actsInFlight++;
      const before = simulation.pending.length;
      const answer = simulation.call(name, given, order);
      const act = simulation.pending[before];
      try {
        return (await answer) as Answers[K];
      } catch (error) {
        if (!act?.interrupted || order.consideredCancelled) throw error;
      } finally {
        this.control.actsInFlight--;
      }
    }
  }

  async sideBySide<T>(acts: readonly (() => Promise<T>)[]): Promise<T[]> {
    const scope = new Scope(current.getStore());
    return current.run(scope, async () => {
      const running = acts.map((act) => act());
      try {
        return await Promise.all(running);
      } catch (error) {
        this.#simulation.interruptIn(scope);
        await Promise.allSettled(running);
        throw error;
      }
    });
  }

  changed(): void {
    // Nobody looks at a simulation from outside.
  }
}

function activityFailure(name: string, cause: Error): ActivityFailure {
  return new ActivityFailure(`${name} failed`, name, name, 'RETRY_POLICY_NOT_SET', 'simulation', cause);
}
