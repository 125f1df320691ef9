import type { Client } from 'pg';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import type { Step } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import { fold } from '../values/text.js';

/** A row that the target had before the step, by one of its unique keys. */
export interface StandingRow {
  readonly id: string;
  /** the unique column */
  readonly rule: string;
  /** folded */
  readonly key: string;
}

export interface StandingRows {
  readonly keyCount: number;
  /** Reads them all again each time. */
  each(take: (row: StandingRow) => void): Promise<void>;
}

const pageRows = 10_000;

/**
 * The rows whose keys are taken before the step's first row comes: the target's own indexes would let in a key that is
 * spelt in another case.
 */
export async function standingRows(client: Client, { ref, entity, target }: Step): Promise<StandingRows> {
  const unique = (entity.unique ?? []).map(({ column }) => column);
  const table = quoteTable(entity.table);
  // A catch-up looks at a table that has the step's own rows.
  const isStanding = `not exists (
    select from (
      select unnest(${lineageColumn[target.keyKind]}) as key from migration.lineage
      where run = ${quoteLiteral(ref.run)} and step = ${quoteLiteral(entity.step)}
    ) own where ${matchesKey(target, 't', 'own.key')})`;
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from ${table} t where ${isStanding}`,
  );
  const keyCount = Number(rows[0]?.count) * unique.length;
  const id = target.key.map((column) => `t.${quoteIdent(column)}::text`).join(` || ',' || `);

  async function eachOf(column: string, take: (row: StandingRow) => void): Promise<void> {
    await client.query(
      `declare standing_rows no scroll cursor for
       select ${id} as id, ${quoteIdent(column)}::text as key from ${table} t
       where ${quoteIdent(column)} is not null and ${isStanding}`,
    );
    for (;;) {
      const page = await client.query<{ id: string; key: string }>(`fetch ${pageRows} from standing_rows`);
      for (const row of page.rows) take({ id: row.id, rule: column, key: fold(row.key) });
      if (page.rows.length < pageRows) return;
    }
  }

  return {
    keyCount,
    each: async (take) => {
      if (keyCount === 0) return;
      for (const column of unique) await inTransaction(client, () => eachOf(column, take));
    },
  };
}
