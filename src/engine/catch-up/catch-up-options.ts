import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import type { Entity } from '../../plan/model.js';
import type { ChunkLimit, SourceDatabase } from '../source/types.js';

/** What the catch-up of a step is given. */
export interface StepCatchUp {
  readonly database: SourceDatabase;
  /** opens a connection to the target */
  readonly connect: () => Promise<Client>;
  /** the run's catch-ups, counted */
  readonly number: number;
  /** this step and those caught up behind it: not complete any more once a row has changed */
  readonly reopens: readonly Entity[];
  /** of a new chunk; read anew for each. A chunk of more than twice as many rows or bytes is cut in two */
  readonly limit: Readonly<ChunkLimit>;
  /** ends after the chunk in hand */
  readonly pause: AbortSignal;
  /** drops the chunk in hand; aborts no earlier than `pause` */
  readonly signal: AbortSignal;
  /** awaited before each chunk is compared: rests while a server should be spared. Ends at once when `signal` is aborted */
  readonly pace?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** rows compared by this call */
  readonly progress: (rows: number) => void;
  readonly at?: PassPoint | undefined;
}
