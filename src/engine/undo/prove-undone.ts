import type { Client } from 'pg';
import { compareFingerprints, fingerprint, type Fingerprint } from '../../backup/fingerprint.js';
import type { Database, Watch } from '../../backup/types.js';
import { MigrationError } from '../../contract/errors.js';
import type { Entity, Plan } from '../../plan/model.js';
import { findOthersRows } from './others-rows.js';
import { restoreSequences } from './restore-sequences.js';

/** Whether undone tables are what they were before the run. */
export interface UndoneTables {
  /** one sentence each; none: they are */
  readonly differences: readonly string[];
  /** rows that others have written into these tables since the fingerprint */
  readonly othersRows: number;
  /** the backup of the run; null where it has none */
  readonly backup: string | null;
}

/**
 * Sets the sequences of undone tables back, and compares the tables with the fingerprint of the run. `steps` null: all
 * tables of the plan. Tables that still have rows of steps that stay are left out, and sequences of tables that others
 * have written into since stay where they are: what others drew from them must not be given out twice.
 *
 * Throws ERR_010 while rows of the steps are in the target.
 */
export async function proveUndone(
  client: Client,
  target: Database,
  run: string,
  plan: Plan,
  steps: readonly string[] | null,
  watch: Watch,
): Promise<UndoneTables> {
  const { before, backup } = await readFingerprint(client, run);
  await refuseRowsLeft(client, run, steps);
  // Without a fingerprint nothing was written: it is taken before the first step.
  if (!before) return { differences: [], othersRows: 0, backup };
  const inUse = await tablesInUse(client, run);
  const looked = steps && tablesOfSteps(plan, steps);
  const tables = before.tables.filter(
    ({ table }) => (looked === null || looked.has(table)) && !inUse.has(table),
  );
  let othersRows = 0;
  for (const table of tables) {
    const { rows } = await findOthersRows(client, run, table.table);
    othersRows += rows;
    if (rows === 0 && table.exists) await restoreSequences(client, table.sequences);
  }
  const now = await fingerprint({
    target,
    schema: before.schema,
    tables: tables.map(({ table }) => table),
    ...watch,
  });
  const differences = compareFingerprints({ ...before, tables }, now);
  return { differences: differences.map(({ sentence }) => sentence), othersRows, backup };
}

async function readFingerprint(
  client: Client,
  run: string,
): Promise<{ before: Fingerprint | null; backup: string | null }> {
  const { rows } = await client.query<{ fingerprint: Fingerprint | null; backup: string | null }>(
    'select fingerprint, backup from migration.runs where run = $1',
    [run],
  );
  return { before: rows[0]?.fingerprint ?? null, backup: rows[0]?.backup ?? null };
}

async function refuseRowsLeft(client: Client, run: string, steps: readonly string[] | null): Promise<void> {
  const { rows } = await client.query<{ step: string }>(
    `select step from migration.chunks where run = $1 and ($2::text[] is null or step = any ($2))
     union select step from migration.ensured where run = $1 and ($2::text[] is null or step = any ($2))
     order by step`,
    [run, steps],
  );
  if (rows.length > 0)
    throw new MigrationError(
      'ERR_010',
      `Rows of the run ${run} are still in the target, of ${rows.map(({ step }) => step).join(', ')}.`,
      { next: 'Undo these steps first, or roll back from the backup of the run.' },
    );
}

/** Tables that have rows of the run. */
async function tablesInUse(client: Client, run: string): Promise<Set<string>> {
  const { rows } = await client.query<{ table: string }>(
    `select target_table as table from migration.lineage where run = $1
     union select target_table from migration.ensured where run = $1`,
    [run],
  );
  return new Set(rows.map(({ table }) => table));
}

/** The steps' own tables, and those in which they make parents. */
function tablesOfSteps(plan: Plan, steps: readonly string[]): Set<string> {
  const entities = plan.entities.filter(({ step }) => steps.includes(step));
  return new Set(entities.flatMap((entity) => [entity.table, ...parentTables(entity)]));
}

function parentTables({ sources }: Entity): string[] {
  const rules = sources.flatMap(({ columns }) => Object.values(columns));
  return rules.flatMap((rule) => (rule.kind === 'identity' && rule.ensures ? [rule.ensures.table] : []));
}
