import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { TargetTable } from '../target/describe-target.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import type { SomeRows } from './built-upon.js';
import { statement, type Bind, type ChunkOfStep } from './rows-that-go.js';

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
     where ${gone} or ${isChanged('k.xids', '$1', '$2')}`,
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

/**
 * SQL that is true of a version of a row `t` that none of these transactions of the chunk has written, nor a later one of
 * the run itself; not of chunks that have not noted theirs. `xids` is SQL of the type xid[], `run` and `step` are SQL too.
 */
function isChanged(xids: string, run: string, step: string): string {
  return `(t.xmin <> all (${xids})
    and t.xmin::text::bigint not in (select xid from migration.own_writes where run = ${run} and step = ${step}))`;
}

/** SQL that is true of a row `t` (its `key` and `xmin`) that others have changed since. */
export type ChangedSql = (bind: Bind) => string;

export function changedInChunk(run: string, step: string, xids: ChunkOfStep['xids']): ChangedSql {
  return (bind) => isChanged(`${bind(xids)}::xid[]`, bind(run), bind(step));
}

/** The same of the parents that a step has made. */
export function changedParent(run: string, { name, keyKind }: TargetTable): ChangedSql {
  return (bind) =>
    `t.xmin <> (select e.xmin from migration.ensured e
       where e.run = ${bind(run)} and e.target_table = ${bind(name)} and e.target_id::${keyKind}::text = t.key::text)`;
}

/**
 * Throws ERR_010 when, of some rows of a table, others have changed one since.
 *
 * @param written SQL of the rows, as the open transaction deletes or locks them: `key`, and `xmin` as it was before
 */
export async function refuseChanged(
  client: Client,
  table: string,
  written: (bind: Bind) => string,
  changed: ChangedSql,
): Promise<void> {
  const { rows } = await client.query<SomeRows>(
    statement(
      (bind) =>
        `with t as materialized (${written(bind)})
         select count(*)::int as rows, (array_agg(t.key::text order by t.key::text))[1:5] as examples from t where ${changed(bind)}`,
    ),
  );
  const [found] = rows;
  if (found && found.rows > 0) throw changedError(table, found);
}

/** Why rows of the run do not go: somebody has changed them, and nobody has said that they may go all the same. */
function changedError(table: string, { rows, examples }: SomeRows): MigrationError {
  return new MigrationError(
    'ERR_010',
    `${rows === 1 ? '1 row' : `${rows} rows`} of ${table} ${rows === 1 ? 'was' : 'were'} changed by others since the run wrote ${rows === 1 ? 'it' : 'them'} (${examples.join(', ')}${rows > examples.length ? ', …' : ''}).`,
    {
      next: 'Look at these rows; rollback with confirmChanged takes them back all the same.',
      place: { server: 'target', table },
    },
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
