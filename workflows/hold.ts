import { condition } from '@temporalio/workflow';
import type { RunState } from '../src/contract/status.js';
import type { RunBook } from './run-book.js';

/** What an operator can do about a run that is held. */
export type Release = 'retry' | 'skip-validation';

/** Holds a run until an operator lets it go. */
export class Hold {
  readonly #book: RunBook;
  readonly #show: () => void;
  #released: Release | undefined;

  constructor(book: RunBook, show: () => void) {
    this.#book = book;
    this.#show = show;
  }

  /** Waits; answers how the run was let go. `state` says what the run is meanwhile. */
  async wait(
    why: { readonly reason: string; readonly code: string },
    helps: readonly Release[],
    state: Extract<RunState, 'waiting' | 'rollback-failed'> = 'waiting',
  ): Promise<Release> {
    const book = this.#book;
    const before = book.state;
    this.#released = undefined;
    book.state = state;
    book.waitingFor = { reason: why.reason, code: why.code, helps };
    this.#show();
    try {
      await condition(() => this.#released !== undefined);
    } finally {
      // Also when the run is cancelled meanwhile: nothing holds it any more.
      book.state = before;
      book.waitingFor = null;
      this.#show();
    }
    return this.#released ?? 'retry';
  }

  /** For validators: throws with what would be allowed. */
  check(how: Release): void {
    const waiting = this.#book.waitingFor;
    if (!waiting) throw new Error(`Nothing holds the run: it is ${this.#book.state}.`);
    if (!waiting.helps.includes(how))
      throw new Error(`${how} does not help here; ${waiting.helps.join(' or ')} does.`);
  }

  release(how: Release, who: { readonly by?: unknown; readonly reason?: string }, nowMs: number): string {
    this.#released = how;
    const by = typeof who.by === 'string' && who.by !== '' ? who.by : 'operator';
    this.#book.note({ by, what: how, reason: who.reason ?? null }, nowMs);
    return `accepted: ${how}`;
  }
}
