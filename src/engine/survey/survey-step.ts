import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { saveDecisions } from '../decisions.js';
import type { SourceDatabase } from '../source/types.js';
import { shapesOf } from '../source-shape.js';
import { compileSource, loadReferences, type Step } from '../step.js';
import { cutRanges, type KeyRange } from '../ranges/cut-ranges.js';
import { deferObjects, type IndexPolicy } from '../target/deferred-objects.js';
import { findCandidates, settleRulesOf } from './find-candidates.js';
import { settle, type Decision } from './settle.js';
import { standingRows } from './standing-rows.js';

export interface Survey {
  /** rows of the legacy tables when the step began */
  readonly source: number;
  readonly ranges: number;
}

/**
 * Settles everything about a step that no single row can tell, before its first row is copied: how many rows there are,
 * which ranges they are moved in, which rows are duplicates, which become part of others. Written in one transaction;
 * called again, it answers what was settled the first time.
 */
export async function surveyStep(
  step: Step,
  database: SourceDatabase,
  client: Client,
  options: {
    /** rows of a range, more or less */
    rangeRows: number;
    indexes?: IndexPolicy;
    signal: AbortSignal;
    progress: (rows: number) => void;
    at?: PassPoint | undefined;
  },
): Promise<Survey> {
  const settled = await readSurvey(client, step);
  if (settled) return settled;
  const { ref, entity } = step;
  const counts = await Promise.all(step.sources.map(({ table }) => database.count(table)));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const decisions = await settleStep(step, database, client, rows, options);
  const ranges = await cutSources(step, database, counts, options);
  if (options.indexes !== 'during_migration') await deferObjects(client, ref.run, entity.table);
  options.at?.('objects-off');
  await inTransaction(client, async () => {
    await client.query(
      `update migration.step_states set state = 'running', source = $3, started_at = coalesce(started_at, now()),
         before = (select count(*) from ${quoteTable(entity.table)}), source_shapes = $4
       where run = $1 and step = $2`,
      [ref.run, entity.step, rows, JSON.stringify(shapesOf(step.sources))],
    );
    await saveDecisions(client, ref, entity.step, decisions);
    for (const [position, range] of ranges.entries())
      await client.query(
        `insert into migration.ranges (run, step, source_table, range, lower, upper, rows)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [ref.run, entity.step, range.table, position, range.lower, range.upper, range.rows],
      );
  });
  return { source: rows, ranges: ranges.length };
}

/** Which rows of the step are duplicates, and which become part of others, as the source is now. */
export async function settleStep(
  step: Step,
  database: SourceDatabase,
  client: Client,
  rows: number,
  options: { signal: AbortSignal; progress: (rows: number) => void },
): Promise<Decision[]> {
  const rules = settleRulesOf(step.entity);
  if (!rules) return [];
  const candidates = await findCandidates(step.entity, await withTransforms(step, client), database, {
    ignored: step.settings.ignoredTaxIds,
    rows,
    standing: await standingRows(client, step),
    ...options,
  });
  return settle(candidates, rules);
}

/** The ranges of all legacy tables of the step, one table behind the other. */
async function cutSources(
  { sources }: Step,
  database: SourceDatabase,
  counts: readonly number[],
  { rangeRows, signal }: { rangeRows: number; signal: AbortSignal },
): Promise<(KeyRange & { readonly table: string })[]> {
  const cut = await Promise.all(
    sources.map(async (source, i) => {
      const ranges = await cutRanges(database, source, counts[i] ?? 0, rangeRows, signal);
      return ranges.map((range) => ({ ...range, table: source.table.name }));
    }),
  );
  return cut.flat();
}

async function readSurvey(client: Client, { ref, entity }: Step): Promise<Survey | undefined> {
  const { rows } = await client.query<{ source: string | null; ranges: number }>(
    `select source, (select count(*)::int from migration.ranges r where r.run = s.run and r.step = s.step) as ranges
     from migration.step_states s where run = $1 and step = $2`,
    [ref.run, entity.step],
  );
  const row = rows[0];
  return row && row.source !== null && row.ranges > 0
    ? { source: Number(row.source), ranges: row.ranges }
    : undefined;
}

async function withTransforms(step: Step, client: Client) {
  const references = await loadReferences(step, client, { own: false });
  return step.sources.map((source) => ({
    ...source,
    transform: compileSource(step, source, {
      references: (name) => {
        const index = references.get(name);
        if (!index) throw new Error(`the rows of ${name} are not loaded`);
        return index;
      },
    }),
  }));
}
