import type { Entity } from '../../../src/plan/model.js';
import type { RunStatus } from '../../../src/contract/status.js';
import type { EngineName, Legacy } from './engines.js';

/** One kind of odd input: its legacy tables, where they move, and what is to be seen afterwards. All share one run. */
export interface Part {
  readonly entities: readonly Entity[];
  /** statements that make the target's tables */
  readonly tables: readonly string[];
  /** makes and fills the legacy tables */
  seed(legacy: Legacy, copyRows: (from: string, to: string) => Promise<void>): Promise<void>;
  /** registers the tests; `run` may be called within them only */
  prove(run: () => MovedInputs): void;
}

export interface MovedInputs {
  readonly engine: EngineName;
  readonly status: RunStatus;
  /** Rows of the target, read in UTC. */
  target<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/** A row in quarantine. */
export interface Rejected {
  readonly id: string;
  readonly code: string;
  readonly column: string | null;
  readonly reason: string;
  readonly original: Readonly<Record<string, string | null>>;
}

export const rejectsOf = (run: MovedInputs, table: string): Promise<Rejected[]> =>
  run.target<Rejected>(
    `select legacy_id as id, code, column_name as "column", reason, original from migration.rejects
     where legacy_table = $1 order by legacy_id collate "C"`,
    [table],
  );

/** What a step of the run counted. */
export function stepOf({ status }: MovedInputs, step: string): RunStatus['steps'][number] {
  const found = status.steps.find((candidate) => candidate.step === step);
  if (!found) throw new Error(`the run has no step ${step}`);
  return found;
}
