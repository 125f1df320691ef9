import type { Client } from 'pg';
import { loadReferences, type Step } from '../step.js';
import type { MovedRows } from './moved-rows.js';

export type References = ReadonlyMap<string, MovedRows>;

/** Which rows: with those of the step itself, as they are when the first one asks; see `loadReferences`. */
export interface ReferenceOptions {
  readonly own: boolean;
  readonly knownBefore?: string | null;
}

/**
 * The rows that a step refers to, loaded once for all who move or compare it in this process, and dropped when the last
 * of them is through: meanwhile they do not change, since parents are complete before their children move.
 */
export class SharedReferences {
  readonly #loaded = new Map<string, { users: number; readonly references: Promise<References> }>();

  /** Whoever acquires, releases. */
  async acquire(step: Step, client: Client, options: ReferenceOptions): Promise<References> {
    const name = nameOf(step, options);
    const known = this.#loaded.get(name) ?? { users: 0, references: loadReferences(step, client, options) };
    this.#loaded.set(name, known);
    known.users++;
    try {
      return await known.references;
    } catch (error) {
      this.release(step, options);
      throw error;
    }
  }

  release(step: Step, options: ReferenceOptions): void {
    const name = nameOf(step, options);
    const known = this.#loaded.get(name);
    if (known && --known.users === 0) this.#loaded.delete(name);
  }
}

/** What one of them uses, from range to range. */
export class HeldReferences {
  readonly #shared: SharedReferences;
  readonly #step: Step;
  readonly #client: Client;
  readonly #held = new Map<
    string,
    { readonly options: ReferenceOptions; readonly loading: Promise<References> }
  >();

  /** Loads over `client`, which nobody else uses meanwhile. */
  constructor(shared: SharedReferences, step: Step, client: Client) {
    this.#shared = shared;
    this.#step = step;
    this.#client = client;
  }

  of(options: ReferenceOptions): Promise<References> {
    const name = nameOf(this.#step, options);
    const held = this.#held.get(name);
    if (held) return held.loading;
    // Held from now on, not from when it is loaded: two who ask at once must not acquire it twice.
    const loading = this.#shared.acquire(this.#step, this.#client, options).catch((error: unknown) => {
      this.#held.delete(name);
      throw error;
    });
    this.#held.set(name, { options, loading });
    return loading;
  }

  release(): void {
    for (const { options } of this.#held.values()) this.#shared.release(this.#step, options);
    this.#held.clear();
  }
}

function nameOf({ ref, entity }: Step, { own, knownBefore = null }: ReferenceOptions): string {
  return JSON.stringify([ref.run, entity.step, own, knownBefore]);
}
