import { quoteTable } from '../store/quote.js';
import type { CheckContext, CheckOutcome } from './types.js';

/** The columns of a composite key, which the lineage holds as a JSON array of text, as a rule names them. */
const joinedKey = `array_to_string(array(select jsonb_array_elements_text(m.key::jsonb)), ',')`;

/**
 * The plan's business rules over the target, each by the server in one statement. Only rows of this run count: what was
 * in the target before is nobody's fault here.
 */
export async function checkBusinessRules({
  run,
  plan,
  entities,
  target,
  progress,
}: CheckContext): Promise<CheckOutcome[]> {
  const rules = plan.rules.filter((rule) => entities.some((entity) => entity.step === rule.step));
  const looked = new Map<string, number>();
  for (const { step, table } of entities) {
    const { rows } = await target.query<{ rows: string }>(
      `select count(*) as rows from ${quoteTable(table)}`,
    );
    looked.set(step, Number(rows[0]?.rows));
  }
  const outcomes: CheckOutcome[] = [];
  for (const [done, rule] of rules.entries()) {
    progress(done, rules.length);
    const composite = (entities.find((entity) => entity.step === rule.step)?.key.length ?? 1) > 1;
    const { rows } = await target.query<{ failed: string; examples: string[] | null }>(
      `select count(*) as failed, (array_agg(key order by key))[1:100] as examples from (${rule.failing}) f(key)
       where key in (
         select ${composite ? joinedKey : 'm.key'}
         from migration.lineage l
         cross join lateral unnest(coalesce(target_uuids::text[], target_bigints::text[], target_texts)) m(key)
         where l.run = $1 and l.step = $2)`,
      [run, rule.step],
    );
    outcomes.push({
      check: `rule:${rule.name}`,
      title: rule.title,
      severity: rule.severity,
      looked: looked.get(rule.step) ?? 0,
      failed: Number(rows[0]?.failed),
      examples: rows[0]?.examples ?? [],
    });
  }
  return outcomes;
}
