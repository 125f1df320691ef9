import type { LegacyRow, LegacyTable } from '../legacy-tables.js';

/** A database that the legacy tables are made in, in one dialect. Nothing is visible before `finish`. */
export interface LegacyStore {
  /** Makes the empty tables. @throws MigrationError when one of them is there already */
  createTables(): Promise<void>;
  /** Writes the rows in the order given, as they come. */
  load<T extends LegacyTable>(table: T, rows: Iterable<LegacyRow<T>>): Promise<void>;
  /** Adds the primary keys and makes everything visible. */
  finish(): Promise<void>;
  /** Ends the connection; what was not finished is gone. */
  close(): Promise<void>;
}
