import pg, { type Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { matchesKey } from '../target/key-match.js';
import { foreignKeysTo, type ForeignKeyTo } from './foreign-keys-to.js';
import { statement, type RowsThatGo } from './rows-that-go.js';

/** Some rows, by their number and at most five keys. */
export interface SomeRows {
  readonly rows: number;
  readonly examples: readonly string[];
}

/**
 * The rows that refer by this key to rows that go, but for those that `alsoGo` (rows of the key's own table). Their
 * number is that of the referring rows, the keys are those of the rows that go.
 */
export async function findBuiltUpon(
  client: Client,
  going: RowsThatGo,
  key: ForeignKeyTo,
  alsoGo: readonly RowsThatGo[],
): Promise<SomeRows> {
  const { rows } = await client.query<{ rows: string; examples: string[] }>(
    statement((bind) => {
      const joined = key.columns.map(
        ({ child, parent }) => `c.${quoteIdent(child)} = p.${quoteIdent(parent)}`,
      );
      const others = alsoGo.map(
        ({ target, keys }) =>
          `and not exists (select from (${keys(bind)}) own where ${matchesKey(target, 'c', 'own.key')})`,
      );
      return `
        with found as materialized (
          select g.key::text as key from (${going.keys(bind)}) g
          join ${quoteTable(going.target.name)} p on ${matchesKey(going.target, 'p', 'g.key')}
          join ${key.child} c on ${joined.join(' and ')}
          where true ${others.join(' ')}
        )
        select (select count(*) from found) as rows,
          array(select distinct key from found order by key limit 5) as examples`;
    }),
  );
  return { rows: Number(rows[0]?.rows ?? 0), examples: rows[0]?.examples ?? [] };
}

/** Why rows of the run cannot go: somebody's rows refer to them. */
function builtUponError(table: string, key: ForeignKeyTo, { rows, examples }: SomeRows): MigrationError {
  const keys = examples.length > 0 ? ` (${examples.join(', ')})` : '';
  return new MigrationError(
    'ERR_010',
    `${rows === 1 ? '1 row' : `${rows} rows`} of ${key.childTable} that the undo does not take back refer by ${key.name} to rows of ${table} that it would${keys}.`,
    {
      next: `Re-point or delete those rows of ${key.childTable}, then retry.`,
      place: { server: 'target', table: key.childTable },
    },
  );
}

/**
 * Makes sure, until the open transaction ends, that deleting these rows deletes or changes no others: not by a foreign
 * key that carries such a deletion on. Throws ERR_010.
 */
export async function refuseToCarry(
  client: Client,
  going: RowsThatGo,
  keys: readonly ForeignKeyTo[],
  own: RowsThatGo,
): Promise<void> {
  const carrying = keys.filter((key) => key.carries);
  if (carrying.length === 0) return;
  // Whoever wants to refer to these rows has done so by now, or waits and finds them gone.
  await client.query(
    statement(
      (bind) =>
        `select from ${quoteTable(going.target.name)} t
         where exists (select from (${going.keys(bind)}) k where ${matchesKey(going.target, 't', 'k.key')}) for update`,
    ),
  );
  for (const key of carrying) {
    const found = await findBuiltUpon(client, going, key, key.own ? [own] : []);
    if (found.rows > 0) throw builtUponError(going.target.name, key, found);
  }
}

/** SQLSTATE of a deletion that a foreign key refuses: in general, and by RESTRICT since PostgreSQL 18. */
const refusals = new Set(['23503', '23001']);

/**
 * Deletes rows of `going`, in a transaction of its own; where a foreign key refuses, that becomes ERR_010 with the table,
 * the constraint and all rows concerned.
 */
export async function explainRefusal<T>(
  client: Client,
  going: readonly RowsThatGo[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !refusals.has(error.code ?? '')) throw error;
    for (const rows of going)
      for (const key of await foreignKeysTo(client, rows.target.name)) {
        if (key.name !== error.constraint) continue;
        const found = await findBuiltUpon(client, rows, key, key.own ? [rows] : []);
        if (found.rows > 0) throw builtUponError(rows.target.name, key, found);
      }
    throw new MigrationError(
      'ERR_010',
      `The foreign key ${error.constraint ?? ''} of ${error.table ?? 'another table'} keeps rows of the run from being taken back.`,
      { next: 'Re-point or delete the rows that refer to them, then retry.' },
    );
  }
}
