/**
 * A table made by SQL alone, the same rows on every machine. Of each column: its type in PostgreSQL, and the value of row
 * `i`, counted from 1, as an expression. The first column is the primary key.
 */
export interface SeedTable {
  readonly name: string;
  readonly columns: Readonly<Record<string, readonly [type: string, value: string]>>;
}

/** Rows to be moved, the same for all contestants. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** the step of the built-in plan that moves them */
  readonly step: string;
  /** the legacy table that they are in */
  readonly table: SeedTable;
  /** rows of that table */
  readonly rows: number;
  /** the legacy tables that the step needs besides, with their rows */
  readonly beside: readonly { readonly table: SeedTable; readonly rows: number }[];
  /** what the target can be made to check, and every hundredth row breaks, without a rule of the plan that knows it */
  readonly refused: { readonly table: string; readonly check: string };
  /** the contestants that take part; all unless told */
  readonly only?: readonly string[];
}

export function columnNames(table: SeedTable): string[] {
  return Object.keys(table.columns);
}

/** Legacy keys of the old store: UUIDs in no order, as it gave them out. */
export function uuidOf(kind: string, number = 'i'): string {
  return `md5('${kind}' || ${number})::uuid`;
}
