import type { LegacyRow, LegacyTable } from '../legacy-tables.js';

/** Databases whose types can hold the same values. MariaDB is MySQL here. */
export type LegacyDialect = 'postgres' | 'mysql';

/** A database that the legacy tables are made in, in one dialect. Nothing is visible before `finish`. */
export interface LegacyStore {
  /** Whether the database has tables, of whatever kind. */
  hasTables(): Promise<boolean>;
  /** Makes the empty tables. @throws MigrationError when one of them is there already */
  createTables(): Promise<void>;
  /** Writes the rows in the order given, as they come. */
  load<T extends LegacyTable>(table: T, rows: Iterable<LegacyRow<T>>): Promise<void>;
  /** Adds what is missing of the tables and makes everything visible. */
  finish(): Promise<void>;
  /** Ends the connection; what was not finished is gone. */
  close(): Promise<void>;
}
