import type { Client } from 'pg';
import type { Entity, SoftReference } from '../../plan/model.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { matchesKey } from '../target/key-match.js';
import { movedRowsSql } from './moved-sql.js';

/** Warns of moved rows whose code names no row of the other table. May be run again: it replaces its own warnings. */
export async function warnOfSoftReferences(
  client: Client,
  run: string,
  entity: Entity,
  target: TargetTable,
  soft: SoftReference,
  other: Entity,
): Promise<void> {
  const column = quoteIdent(soft.column);
  await inTransaction(client, async () => {
    await client.query(
      'delete from migration.warnings where run = $1 and step = $2 and column_name = $3 and reason = $4',
      [run, entity.step, soft.column, soft.reason],
    );
    await client.query(
      `insert into migration.warnings (run, step, legacy_table, legacy_id, column_name, reason)
       select $1, $2, m.source_table, m.legacy, $3, $4
       from (${movedRowsSql(target.keyKind)}) m
       join ${quoteTable(entity.table)} t on ${matchesKey(target, 't', 'm.target')}
       where t.${column} is not null and not exists (
         select 1 from ${quoteTable(other.table)} o where lower(o.${quoteIdent(soft.code)}) = lower(t.${column}))`,
      [run, entity.step, soft.column, soft.reason],
    );
  });
}

/** The same for the steps that stay, after rows that theirs may name have come or gone. */
export async function renewWarningsAbout(
  client: Client,
  run: string,
  other: Entity,
  kept: readonly Entity[],
): Promise<void> {
  for (const entity of kept)
    for (const soft of entity.softReferences ?? []) {
      const target = soft.to === other.step ? await describeTarget(client, entity.table) : undefined;
      if (target) await warnOfSoftReferences(client, run, entity, target, soft, other);
    }
}
