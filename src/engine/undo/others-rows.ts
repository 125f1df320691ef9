import type { ClientBase } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import type { SomeRows } from './built-upon.js';

/**
 * The rows of a table that others have written since the run's fingerprint was taken: those that stand now, bear a
 * transaction from then on, and are none that the run has moved or made. A missing table has none, nor has any of a run
 * that does not know the transaction of its fingerprint.
 */
export async function findOthersRows(client: ClientBase, run: string, table: string): Promise<SomeRows> {
  const target = await describeTarget(client, table);
  if (!target) return { rows: 0, examples: [] };
  const key = target.key.length > 0 ? target.key.map(quoteIdent) : ['ctid'];
  const { rows } = await client.query<{ rows: string; examples: string[] }>(
    `with since as materialized (
       select fingerprint_xid as xid, txid_snapshot_xmax(txid_current_snapshot()) - fingerprint_xid as transactions
       from migration.runs where run = $1
     ), written as materialized (
       select ${key.map((column) => `t.${column}`).join(', ')} from ${quoteTable(table)} t
       -- A row bears the low half of its transaction's number: from the fingerprint's on, modulo 2^32, up to the latest.
       where (t.xmin::text::bigint - ((select xid from since) & 4294967295) + 4294967296) % 4294967296
           < (select transactions from since)
         and t.xmin::text::bigint not in (
           select unnest(xids) from migration.chunks where run = $1
           union all select xid from migration.own_writes where run = $1
         )
     ), others as materialized (
       select concat_ws(',', ${key.map((column) => `t.${column}`).join(', ')}) as key from written t
       where $2::text is not null ${target.key.length > 0 ? notOfTheRun(target) : ''}
     )
     select (select count(*) from others) as rows, array(select key from others order by key limit 5) as examples`,
    [run, table],
  );
  return { rows: Number(rows[0]?.rows ?? 0), examples: rows[0]?.examples ?? [] };
}

/** A row of the run that others have changed bears their transaction: its key tells that it is the run's. */
function notOfTheRun(target: TargetTable): string {
  const isIt = matchesKey(target, 't', 'k.key');
  return `
    and not exists (
      select from (
        select unnest(${lineageColumn[target.keyKind]}) as key from migration.lineage
        where run = $1 and target_table = $2
      ) k where ${isIt})
    and not exists (
      select from (
        select target_id::${target.keyKind} as key from migration.ensured where run = $1 and target_table = $2
      ) k where ${isIt})`;
}

/** The same of several tables; the examples are texts like `customers 17`. */
export async function findOthersRowsIn(
  client: ClientBase,
  run: string,
  tables: readonly string[],
): Promise<SomeRows> {
  let rows = 0;
  const examples: string[] = [];
  for (const table of tables) {
    const found = await findOthersRows(client, run, table);
    rows += found.rows;
    examples.push(...found.examples.map((key) => `${table} ${key}`));
  }
  return { rows, examples: examples.slice(0, 5) };
}
