/** Rows a second over the last moments, from counters that only grow. */
export class Pace {
  readonly #windowMs: number;
  readonly #samples: { at: number; done: number }[] = [];

  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs;
  }

  /** A counter that has fallen (rows were undone) begins a new measurement. */
  add(done: number, at: number): void {
    const last = this.#samples.at(-1);
    if (last && done < last.done) this.#samples.length = 0;
    this.#samples.push({ at, done });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) <= at - this.#windowMs)
      this.#samples.shift();
  }

  /** Null as long as nothing has moved. */
  get perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at === first.at || last.done === first.done) return null;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }
}
