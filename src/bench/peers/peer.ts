import type { Missing, Surroundings } from '../programs.js';
import type { SeedTable } from '../workloads/workload.js';

export type Dialect = 'postgres' | 'mysql';

/** One copy that is asked for: all rows of a legacy table into an empty table of the same columns and primary key. */
export interface CopyJob extends Surroundings {
  readonly table: SeedTable;
  readonly rows: number;
  /** the legacy database, `postgres://` or `mysql://` by the peer's kind of source */
  readonly source: string;
  /** the PostgreSQL database with the empty table */
  readonly target: string;
}

/** A peer that is on this machine. */
export interface ReadyPeer {
  readonly version: string;
  /** Resolves to the rows that it should have copied: all, unless it is too slow for that. */
  copy(job: CopyJob): Promise<number>;
}

/** Another way to copy rows, to be measured against. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly source: Dialect;
  /** what a reader of the figures must know */
  readonly note?: string;
  find(): Promise<ReadyPeer | Missing>;
}
