import type { Product } from '../prepare/connection-report.js';
import type { AnswerRow } from './probe.js';

/** A small connection of its own for questions to one server. */
export interface Asker {
  readonly product: Product;
  /** Rejects with `MigrationError` when the server does not answer, or does not know or allow the question. */
  ask(sql: string): Promise<readonly AnswerRow[]>;
  /** Ends the connection at once, whatever is on its way. */
  cut(): void;
}

/** How long a server may take to let us in, in milliseconds; one that is slower is asked again later. */
export const patienceMs = 5_000;
