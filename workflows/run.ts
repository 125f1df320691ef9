import { ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { RunStatus } from '../src/contract/status.js';
import { nextOrder } from './agenda.js';
import { Control } from './control.js';
import { HistoryFull } from './failure.js';
import { endOrder } from './give-up.js';
import { LiveFigures } from './live-figures.js';
import { now } from './now.js';
import { obey } from './orders/obey.js';
import { RunBook } from './run-book.js';
import type { Order, RunData } from './run-data.js';
import { SearchAttributes, showDetails } from './show.js';
import { historyFull, TemporalActs } from './temporal-acts.js';

/** A run at work: takes one order after the other until it has ended. */
export class Run {
  readonly data: RunData;
  readonly book: RunBook;
  readonly control: Control;
  readonly live = new LiveFigures();
  readonly #acts: TemporalActs;
  readonly #attributes = new SearchAttributes();
  #order: CancellationScope | undefined;

  constructor(data: RunData) {
    this.data = data;
    this.book = new RunBook(data);
    this.control = new Control(data, {
      interruptActs: () => this.#acts.interrupt(),
      renewMoves: () => this.#acts.interrupt('moveStep'),
      interruptOrder: () => this.#order?.cancel(),
    });
    this.#acts = new TemporalActs(this.control, this.book, this.live, () => this.changed());
  }

  /** Resolves when the run has ended; `HistoryFull` when it must go on in a new history. Not to be cancelled. */
  async untilEnded(): Promise<void> {
    const { data } = this;
    while (!data.ended) {
      if (historyFull(data)) throw new HistoryFull();
      data.order = nextOrder(data) ?? null;
      this.changed();
      if (data.order) await this.#obey(data.order);
      else
        await condition(() => (!data.held && (data.queue.length > 0 || data.walking)) || historyFull(data));
    }
    this.changed();
  }

  /** For whoever asks: with what is at work at this moment. */
  status(): RunStatus {
    const { state, waitingFor } = this.control;
    return this.book.status(now(), { state, waitingFor, live: this.live });
  }

  /** As the history has it: the same whenever it is replayed. */
  record(): RunStatus {
    const { state, waitingFor } = this.control;
    return this.book.status(Date.now(), { state, waitingFor });
  }

  /** Something has changed that Temporal's own tools should show. */
  changed(): void {
    this.book.rest(this.data.brake !== 'off', Date.now());
    // What is at work would last longer than the history may.
    if (historyFull(this.data) && !this.data.closing) this.#acts.interrupt();
    showDetails(this.status());
    if (this.data.searchAttributes) this.#attributes.send(this.record());
  }

  /** What the run wants of its activities. */
  get interrupting(): boolean {
    return this.#order?.consideredCancelled ?? false;
  }

  /** The run may not even start: what the activity said stands in the status, too. */
  #failed(error: unknown): void {
    if (!(error instanceof ApplicationFailure)) return;
    this.data.ended = 'failed';
    const { type, message } = error;
    this.book.fail(
      { code: type ?? 'ERR_002', message, next: 'Correct what is named, and start again.' },
      Date.now(),
    );
    this.changed();
  }

  async #obey(order: Order): Promise<void> {
    const scope = (this.#order = new CancellationScope());
    try {
      await scope.run(() => obey(this.#acts, order));
      this.data.order = null;
    } catch (error) {
      const interrupted = scope.consideredCancelled;
      if (endOrder(this, order, error, { interrupted, nowMs: Date.now() })) return;
      this.#failed(error);
      throw error;
    } finally {
      this.#order = undefined;
    }
  }
}
