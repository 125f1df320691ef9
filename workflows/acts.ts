import type { Activities, Gate } from '../activities/types.js';
import type { RunRef } from '../src/contract/outline.js';
import type { Answers, Arguments } from './activities.js';
import type { Control } from './control.js';
import { MustHold } from './failure.js';
import type { RunBook } from './run-book.js';

/** What orders act with. How an act gets to its activity is the business of whoever runs them. */
export abstract class Acts {
  readonly control: Control;
  readonly book: RunBook;

  constructor(control: Control, book: RunBook) {
    this.control = control;
    this.book = book;
  }

  /**
   * Calls an activity for this run, none while the brake is on; `args` is evaluated anew each time. An act that is
   * interrupted by the brake, or by new settings, is asked for again; where it goes on from stands in the target.
   */
  abstract do<K extends keyof Activities>(name: K, args: (ref: RunRef) => Arguments[K]): Promise<Answers[K]>;

  /** All answers; when one fails, the others are stopped and waited for: nothing goes on behind an order that is held. */
  abstract sideBySide<T>(acts: readonly (() => Promise<T>)[]): Promise<T[]>;

  /** Something has changed that Temporal's own tools should show. */
  abstract changed(): void;

  /** A gate that does not pass holds the order, unless an operator has passed it by hand. Passed once is passed. */
  async gate(name: string, look: () => Promise<Gate>): Promise<void> {
    const { data } = this.control;
    if (data.passed.includes(name)) return;
    const gate = await look();
    for (const reason of gate.notes ?? [])
      this.book.note({ by: 'migration', what: 'note', reason }, Date.now());
    if (!gate.passed && !data.skipped.includes(name)) {
      const skippable = gate.skippable !== false;
      const next = skippable
        ? 'Mend the cause and retry, or skip the validation with a reason.'
        : 'Mend the cause and retry.';
      throw new MustHold(gate.code, gate.reason, { next, gate: name, skippable });
    }
    data.passed.push(name);
  }
}
