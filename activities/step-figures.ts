import type { Client } from 'pg';
import { committedRows, type CommittedRows } from '../src/store/runs.js';
import type { Attempt } from './run-activity.js';
import type { ErrorCount, ErrorLimit, StepRef } from './types.js';

/** What this attempt has committed. */
type Moved = Readonly<Record<'read' | 'rejected', number>>;

const lookEveryMs = 1_000;
/** A look at very many chunks takes its time: it is never more than a twentieth of ours. */
const lookShare = 20;

/**
 * The figures of a step while it moves: as they stand in the target, whoever of its movers has committed them; and
 * whether too many rows are rejected, of the step or of the run. That is judged by the target's own sums alone, since
 * much follows from it.
 */
export class StepFigures {
  readonly #client: Client;
  readonly #ref: StepRef;
  readonly #limit: ErrorLimit;
  readonly #report: Attempt['progress'];
  readonly #begun = performance.now();
  #known: CommittedRows;
  /** what this attempt had committed when it looked */
  #then: Moved = { read: 0, rejected: 0 };
  #nextLook = 0;
  #tooMany: ErrorCount | null = null;

  private constructor(parts: {
    client: Client;
    ref: StepRef;
    limit: ErrorLimit;
    report: Attempt['progress'];
    known: CommittedRows;
  }) {
    this.#client = parts.client;
    this.#ref = parts.ref;
    this.#limit = parts.limit;
    this.#report = parts.report;
    this.#known = parts.known;
    this.#tell(this.#then);
  }

  /** `client`: used by nobody else meanwhile */
  static async open(parts: {
    client: Client;
    ref: StepRef;
    limit: ErrorLimit;
    report: Attempt['progress'];
  }): Promise<StepFigures> {
    const known = await committedRows(parts.client, parts.ref.run, parts.ref.step);
    return new StepFigures({ ...parts, known });
  }

  /** Null as long as it is not so. */
  get tooManyErrors(): ErrorCount | null {
    return this.#tooMany;
  }

  /** After a commit, with all that this attempt has committed. */
  async committed(moved: Moved): Promise<void> {
    if (this.#suspects(moved) || performance.now() >= this.#nextLook) await this.#look(moved);
  }

  /** What is known, and what this attempt has committed since: more may be in, by others. */
  #suspects(moved: Moved): boolean {
    const read = moved.read - this.#then.read;
    const rejected = moved.rejected - this.#then.rejected;
    const { step, run } = this.#known;
    return [step, run].some((known) => this.#isTooMany(known.read + read, known.rejected + rejected));
  }

  #isTooMany(read: number, rejected: number): boolean {
    return read >= this.#limit.minErrorSample && rejected / read > this.#limit.maxErrorRate;
  }

  async #look(moved: Moved): Promise<void> {
    const from = performance.now();
    this.#then = { ...moved };
    this.#known = await committedRows(this.#client, this.#ref.run, this.#ref.step);
    const now = performance.now();
    this.#nextLook = now + Math.max(lookEveryMs, lookShare * (now - from));
    const { step, run } = this.#known;
    if (this.#isTooMany(step.read, step.rejected))
      this.#tooMany ??= { what: this.#ref.step, read: step.read, rejected: step.rejected };
    else if (this.#isTooMany(run.read, run.rejected))
      this.#tooMany ??= { what: 'the run', read: run.read, rejected: run.rejected };
    this.#tell(moved);
  }

  #tell(moved: Moved): void {
    const counts = this.#known.step;
    const seconds = (performance.now() - this.#begun) / 1000;
    const rowsPerSecond = seconds > 0 ? Math.round(moved.read / seconds) : 0;
    this.#report({ done: counts.read, of: null, counts, rowsPerSecond });
  }
}
