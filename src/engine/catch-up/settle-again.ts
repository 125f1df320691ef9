import type { Client } from 'pg';
import { inTransaction } from '../../store/transaction.js';
import { saveDecisions } from '../decisions.js';
import type { SourceDatabase } from '../source/types.js';
import type { Step } from '../step.js';
import { settleRulesOf } from '../survey/find-candidates.js';
import type { Decision } from '../survey/settle.js';
import { settleStep } from '../survey/survey-step.js';

/** Decides anew which rows are duplicates, and which become part of others, as the source is now. */
export async function settleAgain(
  step: Step,
  database: SourceDatabase,
  client: Client,
  options: {
    readonly signal: AbortSignal;
    readonly progress: (rows: number) => void;
    /** called, in the transaction, where something is decided in another way */
    readonly reopen: () => Promise<void>;
  },
): Promise<void> {
  const { ref, entity } = step;
  // Most tables have nothing that only several rows together tell.
  if (!settleRulesOf(entity)) return;
  const counts = await Promise.all(step.sources.map(({ table }) => database.count(table)));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const decisions = await settleStep(step, database, client, rows, options);
  const { rows: before } = await client.query<Decision>(
    `select source_table as table, legacy_id as "legacyId", kind, other_table as "otherTable", other_id as "otherId", rule
     from migration.decisions where run = $1 and step = $2`,
    [ref.run, entity.step],
  );
  if (isSame(before, decisions)) return;
  await inTransaction(client, async () => {
    await options.reopen();
    await client.query('delete from migration.decisions where run = $1 and step = $2', [
      ref.run,
      entity.step,
    ]);
    await saveDecisions(client, ref, entity.step, decisions);
  });
}

function isSame(a: readonly Decision[], b: readonly Decision[]): boolean {
  const texts = (decisions: readonly Decision[]) =>
    decisions
      .map(({ table, legacyId, kind, otherTable, otherId, rule }) =>
        JSON.stringify([table, legacyId, kind, otherTable, otherId, rule]),
      )
      .sort();
  const [left, right] = [texts(a), texts(b)];
  return left.length === right.length && left.every((text, i) => text === right[i]);
}
