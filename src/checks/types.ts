import type { Client } from 'pg';
import type { CheckResult } from '../contract/status.js';
import type { Entity, Plan } from '../plan/model.js';

/** What a check may look at. `target` is a connection of its own. */
export interface CheckContext {
  readonly run: string;
  readonly plan: Plan;
  /** the entities that the run moved */
  readonly entities: readonly Entity[];
  readonly target: Client;
  readonly progress: (done: number, of: number) => void;
}

/** A check's result with keys of rows that failed, at most a hundred. */
export interface CheckOutcome extends CheckResult {
  readonly examples: readonly string[];
}
