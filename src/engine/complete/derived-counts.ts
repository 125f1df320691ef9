import type { Client } from 'pg';
import type { DerivedCount, Entity } from '../../plan/model.js';
import { noteOwnWrite } from '../../store/own-writes.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { camelCase } from '../transform/leftover-keys.js';
import { describeTarget } from '../target/describe-target.js';
import { movedRowsSql } from './moved-sql.js';

/**
 * Recomputes a count that parents carry of their children, for the parents of this run, and warns where the legacy
 * figure was another. May be run again: it sets the same figures and replaces its own warnings.
 *
 * @param moved false when the run has no children any more: their number then says nothing about the legacy figure
 */
export async function setDerivedCount(
  client: Client,
  run: string,
  children: Entity,
  parent: Entity,
  derived: DerivedCount,
  moved = true,
): Promise<void> {
  const target = await describeTarget(client, parent.table);
  if (!target) throw new Error(`the target has no table ${parent.table}`);
  const key = quoteIdent(parent.key[0] as string);
  const column = quoteIdent(derived.column);
  const reason = `the legacy figure differs from the ${children.label} that moved`;
  await inTransaction(client, async () => {
    const { rowCount } = await client.query(
      `with moved as (${movedRowsSql(target.keyKind)}), counted as (
         select ${quoteIdent(derived.reference)} as parent, count(*) as children from ${quoteTable(children.table)} group by 1
       )
       update ${quoteTable(parent.table)} p set ${column} = coalesce(c.children, 0)
       from moved m left join counted c on c.parent = m.target
       where p.${key} = m.target and p.${column} is distinct from coalesce(c.children, 0)`,
      [run, parent.step],
    );
    if (rowCount) await noteOwnWrite(client, run, parent.step);
    if (!derived.legacy) return;
    await client.query(
      'delete from migration.warnings where run = $1 and step = $2 and column_name = $3 and reason = $4',
      [run, parent.step, derived.legacy, reason],
    );
    if (moved)
      await client.query(
        `insert into migration.warnings (run, step, legacy_table, legacy_id, column_name, reason)
         select $1, $2, m.source_table, m.legacy, $3, $4
         from (${movedRowsSql(target.keyKind)}) m join ${quoteTable(parent.table)} p on p.${key} = m.target
         where m.kept ? $5 and m.kept->>$5 is distinct from p.${column}::text`,
        [run, parent.step, derived.legacy, reason, camelCase(derived.legacy)],
      );
  });
}
