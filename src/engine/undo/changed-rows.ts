import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { TargetTable } from '../target/describe-target.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import type { SomeRows } from './built-upon.js';

/**
 * The rows of a step that somebody else has changed or deleted since the run wrote them: those that are gone, and those
 * whose transaction (xmin) is none of the run's. Of chunks that have not noted theirs, only the rows that are gone.
 */
export async function findChangedRows(
  client: Client,
  run: string,
  step: string,
  target: TargetTable,
): Promise<SomeRows> {
  const gone = `t.${quoteIdent(target.key[0] as string)} is null`;
  return someRows(
    client,
    `select k.key::text as key
     from (
       select unnest(l.${lineageColumn[target.keyKind]}) as key,
         (select array_agg(x.xid::text::xid) from unnest(c.xids) x(xid)) as xids
       from migration.lineage l
       join migration.chunks c using (run, step, source_table, range, chunk)
       where l.run = $1 and l.step = $2
     ) k
     left join ${quoteTable(target.name)} t on ${matchesKey(target, 't', 'k.key')}
     where ${gone} or (
       t.xmin <> all (k.xids)
       and t.xmin::text::bigint not in (select xid from migration.own_writes where run = $1 and step = $2)
     )`,
    [run, step],
  );
}

/**
 * The same for the parents that a step has made in this table: each was entered into the run's own table in the
 * transaction that made it.
 */
export async function findChangedParents(
  client: Client,
  run: string,
  step: string,
  target: TargetTable,
): Promise<SomeRows> {
  const gone = `t.${quoteIdent(target.key[0] as string)} is null`;
  return someRows(
    client,
    `select e.target_id as key from migration.ensured e
     left join ${quoteTable(target.name)} t on ${matchesKey(target, 't', `e.target_id::${target.keyKind}`)}
     where e.run = $1 and e.step = $2 and e.target_table = $3 and (${gone} or t.xmin <> e.xmin)`,
    [run, step, target.name],
  );
}

async function someRows(client: Client, keys: string, values: unknown[]): Promise<SomeRows> {
  const { rows } = await client.query<{ rows: string; examples: string[] }>(
    `with changed as materialized (${keys})
     select (select count(*) from changed) as rows, array(select key from changed order by key limit 5) as examples`,
    values,
  );
  return { rows: Number(rows[0]?.rows ?? 0), examples: rows[0]?.examples ?? [] };
}
