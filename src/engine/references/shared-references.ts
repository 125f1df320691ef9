import type { Client } from 'pg';
import { loadReferences, type Step } from '../step.js';
import type { MovedRows } from './moved-rows.js';

type References = ReadonlyMap<string, MovedRows>;

/**
 * The rows that a step refers to, loaded once for all who move it in this process, and dropped when the last of them is
 * through: meanwhile they do not change, since parents are complete before their children move.
 */
export class SharedReferences {
  readonly #loaded = new Map<string, { users: number; readonly references: Promise<References> }>();

  /** `own`: with the rows of the step itself, as they are when the first one asks. Whoever acquires, releases. */
  async acquire(step: Step, client: Client, own: boolean): Promise<References> {
    const name = nameOf(step, own);
    const known = this.#loaded.get(name) ?? { users: 0, references: loadReferences(step, client, { own }) };
    this.#loaded.set(name, known);
    known.users++;
    try {
      return await known.references;
    } catch (error) {
      this.release(step, own);
      throw error;
    }
  }

  release(step: Step, own: boolean): void {
    const name = nameOf(step, own);
    const known = this.#loaded.get(name);
    if (known && --known.users === 0) this.#loaded.delete(name);
  }
}

function nameOf({ ref, entity }: Step, own: boolean): string {
  return JSON.stringify([ref.run, entity.step, own]);
}
