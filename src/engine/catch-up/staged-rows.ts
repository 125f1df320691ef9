import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { copyTuples } from '../target/copy-tuples.js';
import { tuplesBut } from '../target/load-tuples.js';
import { matchesKey } from '../target/key-match.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { rowFaultOf, type RefusedRow } from '../target/row-fault.js';

const stageName = 'nxt_caught_up';
const stage = `pg_temp.${stageName}`;

interface UniqueIndex {
  /** SQL of its columns, over the table's own names */
  readonly columns: readonly string[];
  readonly condition: string | null;
}

/**
 * Rows on their way into a step's table: in a temporary table of the same shape first, where they can be compared with
 * what stands in the target, and from where they replace it.
 */
export class StagedRows {
  readonly #client: Client;
  readonly #step: Step;
  /** columns that stay as they are where a row is there already */
  readonly #untouched: ReadonlySet<string>;
  #columns: readonly string[] = [];
  #unique: readonly UniqueIndex[] | undefined;

  constructor(client: Client, step: Step, untouched: ReadonlySet<string>) {
    this.#client = client;
    this.#step = step;
    this.#untouched = untouched;
  }

  /** In the open transaction. */
  async stage(rows: PreparedChunk): Promise<void> {
    const { name, key } = this.#step.target;
    this.#columns = rows.columns.filter((column) => !this.#untouched.has(column) && !key.includes(column));
    await this.#client.query(
      `create temporary table if not exists ${stageName} as select * from ${quoteTable(name)} with no data`,
    );
    await this.#client.query(`truncate ${quoteTable(stage)}`);
    await copyTuples(this.#client, stage, rows, tuplesBut(rows));
    await this.#client.query(`analyze ${quoteTable(stage)}`);
  }

  /**
   * Keys of rows in the target that stand in the way of staged ones: they have a key that must be unique, and are another
   * row. `inserted`: keys of staged rows that the target is not to have yet.
   */
  async holders(inserted: readonly string[]): Promise<string[]> {
    const { target } = this.#step;
    const key = (alias: string) => keyText(target.key, alias);
    const found = new Set<string>();
    for (const { columns, condition } of await this.#uniqueIndexes()) {
      const where = condition === null ? '' : ` where ${condition}`;
      const select = (table: string) =>
        `(select ${[...target.key.map(quoteIdent), ...columns.map((column, i) => `${column} as u${i}`)].join(', ')} from ${table}${where})`;
      const { rows } = await this.#client.query<{ key: string }>(
        `select distinct ${key('t')} as key from ${select(quoteTable(stage))} s
         join ${select(quoteTable(target.name))} t on ${columns.map((_, i) => `t.u${i} = s.u${i}`).join(' and ')}
         where ${key('t')} <> ${key('s')} or ${key('s')} = any($1)`,
        [inserted],
      );
      for (const row of rows) found.add(row.key);
    }
    return [...found];
  }

  /**
   * Sets the rows with these keys to what is staged. Answers those that the target refuses, by key: they stay as they
   * are.
   */
  async update(keys: readonly string[], at?: PassPoint): Promise<Map<string, RefusedRow>> {
    const refused = new Map<string, RefusedRow>();
    if (keys.length === 0 || this.#columns.length === 0) return refused;
    const fault = await this.#tryUpdate(keys);
    at?.('in-catch-up');
    if (fault === undefined) return refused;
    for (const key of keys) {
      const of = await this.#tryUpdate([key]);
      if (of) refused.set(key, of);
    }
    return refused;
  }

  async #tryUpdate(keys: readonly string[]): Promise<RefusedRow | undefined> {
    const { target } = this.#step;
    const set = this.#columns.map((column) => `${quoteIdent(column)} = s.${quoteIdent(column)}`);
    await this.#client.query('savepoint rows');
    try {
      await this.#client.query(
        `update ${quoteTable(target.name)} t set ${set.join(', ')}
         from unnest($1::${target.keyKind}[]) k(key) join ${quoteTable(stage)} s on ${matchesKey(target, 's', 'k.key')}
         where ${matchesKey(target, 't', 'k.key')}`,
        [keys],
      );
      await this.#client.query('release savepoint rows');
      return undefined;
    } catch (error) {
      const fault = rowFaultOf(error);
      if (!fault) throw error;
      await this.#client.query('rollback to savepoint rows');
      return fault;
    }
  }

  /** Unique keys over plain columns and over expressions, also where they hold for some rows only. */
  async #uniqueIndexes(): Promise<readonly UniqueIndex[]> {
    if (this.#unique) return this.#unique;
    const { rows } = await this.#client.query<UniqueIndex>(
      `select array(
         select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, i.indnkeyatts) n order by n
       ) as columns, pg_get_expr(i.indpred, i.indrelid) as condition
       from pg_index i where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid`,
      [quoteTable(this.#step.target.name)],
    );
    this.#unique = rows;
    return rows;
  }
}

/** A key as the lineage writes it: the text of a single column, a JSON array of texts for a composite one. */
function keyText(key: readonly string[], alias: string): string {
  const texts = key.map((column) => `${alias}.${quoteIdent(column)}::text`);
  return texts.length === 1 ? (texts[0] as string) : `to_json(array[${texts.join(', ')}])::text`;
}
