import type { Client } from 'pg';
import type { Plan } from '../../plan/model.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { describeTarget } from '../target/describe-target.js';
import { matchesKey } from '../target/key-match.js';
import { foreignKeysTo } from '../undo/foreign-keys-to.js';

/**
 * Takes back the parents that the step has made and that no row needs any more: in the open transaction. Those that
 * others have changed, or refer to, stay.
 */
export async function dropParents(client: Client, { ref, plan, entity }: Step): Promise<void> {
  const { rows: tables } = await client.query<{ table: string }>(
    'select distinct target_table as table from migration.ensured where run = $1 and step = $2',
    [ref.run, entity.step],
  );
  for (const { table } of tables) {
    const target = await describeTarget(client, table);
    if (!target) continue;
    const key = `e.target_id::${target.keyKind}`;
    const byPlan = needing(plan, table).map(
      (need) =>
        `exists (select from ${quoteTable(need.table)} c where c.${quoteIdent(need.column)} = ${key})`,
    );
    const byKeys = (await foreignKeysTo(client, table)).map((foreign) => {
      const joined = foreign.columns.map(
        ({ child, parent }) => `c.${quoteIdent(child)} = t.${quoteIdent(parent)}`,
      );
      return `exists (select from ${foreign.child} c where ${joined.join(' and ')})`;
    });
    await client.query(
      `with gone as (
         delete from ${quoteTable(table)} t using migration.ensured e
         where e.run = $1 and e.step = $2 and e.target_table = $3 and t.xmin = e.xmin
           and ${matchesKey(target, 't', key)}
           and not (${[...byPlan, ...byKeys, 'false'].join(' or ')})
         returning e.target_id
       )
       delete from migration.ensured e using gone
       where e.run = $1 and e.step = $2 and e.target_table = $3 and e.target_id = gone.target_id`,
      [ref.run, entity.step, table],
    );
  }
}

/** The columns whose rows need parents in this table, by the plan. */
function needing(plan: Plan, parent: string): { table: string; column: string }[] {
  return plan.entities.flatMap(({ table, sources }) =>
    sources.flatMap(({ columns }) =>
      Object.entries(columns).flatMap(([column, rule]) =>
        rule.kind === 'identity' && rule.ensures?.table === parent ? [{ table, column }] : [],
      ),
    ),
  );
}
