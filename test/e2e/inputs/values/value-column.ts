import type { Column as PlannedColumn } from '../../../../src/plan/builder.js';
import type { EngineName } from '../engines.js';

/** A column of the legacy table and the one of the target that it moves into. */
export interface ValueColumn {
  /** the legacy type in each engine; left out where the engine has none that would differ */
  readonly types: Partial<Readonly<Record<EngineName, string>>>;
  /** SQL of the value that it has in each of the plain rows, and what becomes of it */
  readonly plain: readonly [sql: string, becomes: string];
  readonly target: string;
  readonly rule: (name: string) => PlannedColumn;
}
