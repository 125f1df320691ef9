import type { Client } from 'pg';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { lineageColumn } from '../target/key-match.js';

/** Takes a value as a parameter of the statement that is being written, and answers its place: `$3`. */
export type Bind = (value: unknown) => string;

/** Rows of the run in one table that an undo takes away. */
export interface RowsThatGo {
  readonly target: TargetTable;
  /** SQL of a select with their keys as its one column `key`, in the type of the lineage's arrays */
  readonly keys: (bind: Bind) => string;
}

export interface ChunkOfStep {
  readonly source: string;
  readonly range: number;
  readonly chunk: number;
  /** transactions that have written its rows, as text; null: not noted */
  readonly xids: readonly string[] | null;
}

/** The rows that a step has moved. */
export function rowsOfStep(target: TargetTable, run: string, step: string): RowsThatGo {
  return {
    target,
    keys: (bind) =>
      `select unnest(${lineageColumn[target.keyKind]}) as key from migration.lineage
       where run = ${bind(run)} and step = ${bind(step)}`,
  };
}

/** The rows that one chunk of a step has moved. */
export function rowsOfChunk(
  target: TargetTable,
  run: string,
  step: string,
  place: Omit<ChunkOfStep, 'xids'>,
): RowsThatGo {
  const { keys } = rowsOfStep(target, run, step);
  return {
    target,
    keys: (bind) =>
      `${keys(bind)} and source_table = ${bind(place.source)} and range = ${bind(place.range)} and chunk = ${bind(place.chunk)}`,
  };
}

/** The rows that a step has made in other tables because its own needed them, a table each. */
export async function parentsOfStep(client: Client, run: string, step: string): Promise<RowsThatGo[]> {
  const { rows } = await client.query<{ table: string }>(
    'select distinct target_table as table from migration.ensured where run = $1 and step = $2 order by 1',
    [run, step],
  );
  const parents: RowsThatGo[] = [];
  for (const { table } of rows) {
    const target = await describeTarget(client, table);
    // A table that is gone has taken its rows along.
    if (target)
      parents.push({
        target,
        keys: (bind) =>
          `select target_id::${target.keyKind} as key from migration.ensured
           where run = ${bind(run)} and step = ${bind(step)} and target_table = ${bind(table)}`,
      });
  }
  return parents;
}

/** Writes a statement whose values are its parameters. */
export function statement(write: (bind: Bind) => string): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const text = write((value) => `$${values.push(value)}`);
  return { text, values };
}
