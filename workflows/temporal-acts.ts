import { CancellationScope, CancelledFailure, condition, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import type { RunRef } from '../src/contract/outline.js';
import { activityIdOf, call, type Answers, type Arguments } from './activities.js';
import { Acts } from './acts.js';
import type { Control } from './control.js';
import { HistoryFull } from './failure.js';
import type { LiveFigures } from './live-figures.js';
import type { RunBook } from './run-book.js';
import type { RunData } from './run-data.js';

/** What answers with the figures of its step, if it can. */
const changesRows: ReadonlySet<keyof Activities> = new Set([
  'moveStep',
  'retryRejects',
  'catchUpStep',
  'undoStep',
]);

/** Acts that are Temporal's activities, each in a scope of its own. */
export class TemporalActs extends Acts {
  readonly #live: LiveFigures;
  readonly #scopes = new Map<CancellationScope, keyof Activities>();
  readonly #changed: () => void;

  constructor(control: Control, book: RunBook, live: LiveFigures, changed: () => void) {
    super(control, book);
    this.#live = live;
    this.#changed = changed;
  }

  async do<K extends keyof Activities>(name: K, args: (ref: RunRef) => Arguments[K]): Promise<Answers[K]> {
    const { data } = this.control;
    const order = CancellationScope.current();
    for (;;) {
      if (data.brake !== 'off') await condition(() => data.brake === 'off' || historyFull(data));
      if (order.consideredCancelled) throw new CancelledFailure('another order comes first');
      if (historyFull(data)) throw new HistoryFull();
      const scope = new CancellationScope();
      let interrupted = false;
      const given = args(data.ref);
      this.#scopes.set(scope, name);
      this.control.actsInFlight++;
      try {
        this.#live.expect(activityIdOf(name, given));
        return await scope.run(() => call(name, given));
      } catch (error) {
        // Interrupted by us, and not for another order: once more, as soon as it may. A real failure comes again.
        if (!scope.consideredCancelled || order.consideredCancelled) throw error;
        interrupted = true;
      } finally {
        this.#scopes.delete(scope);
        this.control.actsInFlight--;
        this.#live.forget(activityIdOf(name, given));
        this.#changed();
      }
      if (interrupted && changesRows.has(name)) await this.#countAnew(given);
    }
  }

  /** An act that has ended without an answer, with its worker perhaps, has left rows that nobody has told of. */
  async #countAnew(given: object): Promise<void> {
    if (!('step' in given) || typeof given.step !== 'string') return;
    const { ref } = this.control.data;
    this.book.countRows(given.step, await call('countStep', { ...ref, step: given.step }));
    this.#changed();
  }

  /** Ends all that is at work, softly or hard as the run's brake says; the activities ask. */
  interrupt(only?: keyof Activities): void {
    for (const [scope, name] of this.#scopes) if (only === undefined || name === only) scope.cancel();
  }

  sideBySide<T>(acts: readonly (() => Promise<T>)[]): Promise<T[]> {
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

  changed(): void {
    this.#changed();
  }
}

/** A run that was cancelled ends in the history in which that stands. */
export function historyFull({ canceled }: RunData): boolean {
  return workflowInfo().continueAsNewSuggested && !canceled;
}
