import type { Client } from 'pg';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import type { Step } from '../step.js';
import { lineageColumn, matchesKey } from '../target/key-match.js';
import { fold } from '../values/text.js';
import { KeyHash } from './key-hash.js';
import { keysPerPass, RepeatedKeys } from './repeated-keys.js';

/** A row of the target that is not the step's, by one of its unique keys. */
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
 * spelt in another case. Once rows of the step are in, a key that one of them has is its own: who wrote the same key
 * beside it came later, and takes nothing from it.
 */
export async function standingRows(client: Client, step: Step): Promise<StandingRows> {
  const unique = (step.entity.unique ?? []).map(({ column }) => column);
  const table = quoteTable(step.entity.table);
  const { rows } = await client.query<{ all: string; standing: string }>(
    `select (select count(*) from ${table}) as all,
       (select count(*) from ${table} t where ${isStanding(step)}) as standing`,
  );
  const [all, standing] = [Number(rows[0]?.all), Number(rows[0]?.standing)];
  const keyCount = standing * unique.length;
  const ownKeys = new Map<string, ReadonlySet<string>>();
  if (keyCount > 0 && all > standing)
    for (const column of unique) ownKeys.set(column, await ownAmongRepeated(client, step, column, all));

  return {
    keyCount,
    each: async (take) => {
      if (keyCount === 0) return;
      for (const column of unique)
        await eachRow(client, step, column, isStanding(step), ({ id, key }) => {
          if (ownKeys.get(column)?.has(key) !== true) take({ id, rule: column, key });
        });
    },
  };
}

/** SQL that is true of a row `t` that the step has not brought in itself. */
const isStanding = (step: Step): string => `not ${isOwn(step)}`;

/** SQL that is true of a row `t` that is in the step's lineage: a catch-up looks at a table that has these rows too. */
function isOwn({ ref, entity, target }: Step): string {
  return `exists (
    select from (
      select unnest(${lineageColumn[target.keyKind]}) as key from migration.lineage
      where run = ${quoteLiteral(ref.run)} and step = ${quoteLiteral(entity.step)}
    ) own where ${matchesKey(target, 't', 'own.key')})`;
}

/** Of the keys that several of the table's `rows` rows have, those that one of the step's own rows has; folded. */
async function ownAmongRepeated(
  client: Client,
  step: Step,
  column: string,
  rows: number,
): Promise<ReadonlySet<string>> {
  const own = new Set<string>();
  const passes = Math.max(1, Math.ceil(rows / keysPerPass));
  for (let pass = 0; pass < passes; pass++) {
    const repeated = new RepeatedKeys(rows, pass, passes);
    await eachRow(client, step, column, 'true', ({ key }) => repeated.add(hashOf(key)));
    if (!repeated.any) continue;
    await eachRow(client, step, column, isOwn(step), ({ key }) => {
      if (repeated.has(hashOf(key))) own.add(key);
    });
  }
  return own;
}

function hashOf(key: string): KeyHash {
  const hash = new KeyHash();
  hash.start(0);
  for (const byte of Buffer.from(key, 'utf8')) hash.byte(byte);
  hash.finish();
  return hash;
}

/** The rows of the target that have a value in a column, where the condition is true of `t`; `key` is folded. */
async function eachRow(
  client: Client,
  { entity, target }: Step,
  column: string,
  condition: string,
  take: (row: Pick<StandingRow, 'id' | 'key'>) => void,
): Promise<void> {
  const id = target.key.map((name) => `t.${quoteIdent(name)}::text`).join(` || ',' || `);
  await inTransaction(client, async () => {
    await client.query(
      `declare standing_rows no scroll cursor for
       select ${id} as id, ${quoteIdent(column)}::text as key from ${quoteTable(entity.table)} t
       where ${quoteIdent(column)} is not null and ${condition}`,
    );
    for (;;) {
      const page = await client.query<{ id: string; key: string }>(`fetch ${pageRows} from standing_rows`);
      for (const row of page.rows) take({ id: row.id, key: fold(row.key) });
      if (page.rows.length < pageRows) return;
    }
  });
}
