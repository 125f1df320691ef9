/** Words that the folder's functions share. */
import type { ClientConfig } from 'pg';

/** A database and what people call it: `target`, `backup`. `config` holds the password: not for logs. */
export interface Database {
  readonly label: string;
  readonly config: ClientConfig;
}

export interface BackupProgress {
  readonly doing: 'copying' | 'comparing';
  readonly table: string;
  /** tables that are finished, of how many */
  readonly done: number;
  readonly of: number;
  /** bytes of this table copied so far */
  readonly bytes: number;
}

/** How long work is watched and stopped. Aborting ends it within a second, also on the server. */
export interface Watch {
  readonly signal: AbortSignal;
  readonly progress: (progress: BackupProgress) => void;
}

/** Rows of a table and their order-free checksum (checksum.ts). */
export interface Tally {
  readonly rows: number;
  readonly checksum: string;
}
