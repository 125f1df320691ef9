import { quoteTable } from '../store/quote.js';
import type { CheckContext, CheckOutcome } from './types.js';

interface Figures {
  source: string;
  before: string;
  read: string;
  migrated: string;
  merged: string;
  rejected: string;
  quarantined: string;
}

/** Every source row is accounted for, and every migrated row is in the target: per table. */
export async function checkCounts({
  run,
  entities,
  target,
  progress,
}: CheckContext): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const [done, entity] of entities.entries()) {
    progress(done, entities.length);
    const { rows } = await target.query<Figures>(
      `select s.source, s.before, v.read, v.migrated, v.merged, v.rejected,
         (select count(*) from migration.rejects r where r.run = s.run and r.step = s.step and r.resolved_at is null) as quarantined
       from migration.step_states s join migration.steps v using (run, step) where s.run = $1 and s.step = $2`,
      [run, entity.step],
    );
    const figures = rows[0];
    if (!figures) throw new Error(`the run has no step ${entity.step}`);
    const count = await target.query<{ rows: string }>(
      `select count(*) as rows from ${quoteTable(entity.table)}`,
    );
    const source = Number(figures.source);
    const read = Number(figures.read);
    const migrated = Number(figures.migrated);
    const rejected = Number(figures.rejected);
    const off = [
      read - source,
      read - migrated - Number(figures.merged) - rejected,
      rejected - Number(figures.quarantined),
      Number(count.rows[0]?.rows) - Number(figures.before) - migrated,
    ].reduce((sum, difference) => sum + Math.abs(difference), 0);
    outcomes.push({
      check: `counts:${entity.step}`,
      title: `Record counts of ${entity.table}`,
      severity: 'error',
      looked: source,
      failed: off,
      examples: [],
    });
  }
  return outcomes;
}
