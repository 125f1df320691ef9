import { CancelledFailure } from '@temporalio/activity';
import type { ActivityCancellationDetails } from '@temporalio/common';
import type { Steering } from '../src/contract/activity-report.js';

/**
 * What the run has answered. `unheard`: nothing this time. `unknown`: it is of a version that does not answer such a
 * question. `gone`: there is no such run.
 */
export type Answer = Steering | 'unheard' | 'unknown' | 'gone';

/** From the end that was asked for to dropping what is in hand; an operator who pauses is promised 5 seconds in all. */
const softEndMs = 3_000;
/** The same while the run has not said what it wants: it may be an emergency stop, which is promised within 3 seconds. */
const unheardMs = 1_500;
/** A worker that is shut down lets its chunk, or its index, come to an end. */
const shutdownMs = 20_000;
const askEveryMs = 250;

/**
 * Turns what Temporal and the run say into two signals. `pause`: commit what is in hand, begin nothing new. `signal`:
 * drop what is in hand. A cancellation alone does not tell which is meant, so the run is asked.
 */
export class SteeredEnd {
  readonly #pause = new AbortController();
  readonly #stop = new AbortController();
  readonly #ask: () => Promise<Answer>;
  #endingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `ask` never rejects. */
  constructor(ask: () => Promise<Answer>) {
    this.#ask = ask;
  }

  /** aborted whenever `signal` is */
  get pause(): AbortSignal {
    return this.#pause.signal;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Heeds what the run has answered to a report; its cancellation may come later. */
  heed(answer: Answer): void {
    if (answer === 'stop') this.#stopNow();
    else if (answer === 'pause') this.#endSoftly();
  }

  /** Heeds what Temporal has told the worker. */
  cancel(details: ActivityCancellationDetails | undefined): void {
    if (details?.notFound || details?.timedOut) return this.#stopNow();
    if (!details?.workerShutdown) return this.#endSoftly();
    this.#pause.abort(interrupted());
    this.#stopIn(shutdownMs);
  }

  /** The activity has ended: nothing is asked or aborted any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #endSoftly(): void {
    if (this.#endingSince !== undefined || this.#closed) return;
    this.#endingSince = Date.now();
    this.#pause.abort(interrupted());
    this.#stopIn(unheardMs);
    void this.#askOn(this.#endingSince);
  }

  async #askOn(since: number): Promise<void> {
    let heard = false;
    while (!this.#closed && !this.signal.aborted) {
      const answer = await this.#ask();
      if (answer === 'stop' || answer === 'gone') return this.#stopNow();
      if (answer !== 'unheard' && !heard) {
        heard = true;
        this.#stopIn(softEndMs - (Date.now() - since));
      }
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    }
  }

  #stopIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed && !this.signal.aborted) this.#timer = setTimeout(() => this.#stopNow(), ms);
  }

  #stopNow(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#pause.abort(interrupted());
    this.#stop.abort(interrupted());
  }
}

function interrupted(): CancelledFailure {
  return new CancelledFailure('interrupted by the run or its worker');
}
