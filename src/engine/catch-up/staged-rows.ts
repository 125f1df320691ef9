import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { loadTuples, type Refused } from '../target/load-tuples.js';
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
  #keys: readonly string[] = [];
  #unique: readonly UniqueIndex[] | undefined;

  constructor(client: Client, step: Step, untouched: ReadonlySet<string>) {
    this.#client = client;
    this.#step = step;
    this.#untouched = untouched;
  }

  /** In the open transaction. Answers the rows that the types of the table refuse, by their position: these are not staged. */
  async stage(rows: PreparedChunk): Promise<Refused> {
    const { name, key } = this.#step.target;
    this.#columns = rows.columns.filter((column) => !this.#untouched.has(column) && !key.includes(column));
    await this.#client.query(
      `create temporary table if not exists ${stageName} as select * from ${quoteTable(name)} with no data`,
    );
    await this.#client.query(`truncate ${quoteTable(stage)}`);
    const { refused } = await loadTuples(this.#client, stage, rows);
    this.#keys = [...rows.targetKeys.texts()].filter((_, position) => !refused.has(position));
    await this.#client.query(`analyze ${quoteTable(stage)}`);
    return refused;
  }

  /**
   * Keys of rows in the target that stand in the way of staged ones: they have a key that must be unique, and are another
   * row. `inserted`: keys of staged rows that the target is not to have yet.
   */
  async holders(inserted: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    for (const index of await this.#uniqueIndexes())
      for (const key of await this.#holdersBy(index, inserted)) found.add(key);
    return [...found];
  }

  /** A row that an expression of the index stumbles over has no key in it: it is refused when it is written. */
  async #holdersBy(index: UniqueIndex, inserted: readonly string[]): Promise<string[]> {
    const holdersOf = (staged: readonly string[] | null) =>
      this.#attempt(() => this.#findHolders(index, inserted, staged));
    const all = await holdersOf(null);
    if ('done' in all) return all.done;
    const found: string[] = [];
    for (const key of this.#keys) {
      const one = await holdersOf([key]);
      if ('done' in one) found.push(...one.done);
    }
    return found;
  }

  /** `staged`: keys of the staged rows to look at; null: all. */
  async #findHolders(
    { columns, condition }: UniqueIndex,
    inserted: readonly string[],
    staged: readonly string[] | null,
  ): Promise<string[]> {
    const { target } = this.#step;
    const key = (alias: string) => keyText(target.key, alias);
    const names = [...target.key.map(quoteIdent), ...columns.map((column, i) => `${column} as u${i}`)];
    const holds = condition === null ? 'true' : `(${condition})`;
    const { rows } = await this.#client.query<{ key: string }>(
      `select distinct ${key('t')} as key
       from (
         select ${names.join(', ')} from ${quoteTable(stage)} r
         where ($2::text[] is null or ${key('r')} = any($2)) and ${holds}
       ) s
       join (select ${names.join(', ')} from ${quoteTable(target.name)} where ${holds}) t
         on ${columns.map((_, i) => `t.u${i} = s.u${i}`).join(' and ')}
       where ${key('t')} <> ${key('s')} or ${key('s')} = any($1)`,
      [inserted, staged],
    );
    return rows.map((row) => row.key);
  }

  /**
   * Sets the rows with these keys to what is staged. Answers those that the target refuses, by key: they stay as they
   * are.
   */
  async update(keys: readonly string[], at?: PassPoint): Promise<Map<string, RefusedRow>> {
    const refused = new Map<string, RefusedRow>();
    if (keys.length === 0 || this.#columns.length === 0) return refused;
    const all = await this.#attempt(() => this.#replace(keys));
    at?.('in-catch-up');
    if ('done' in all) return refused;
    for (const key of keys) {
      const one = await this.#attempt(() => this.#replace([key]));
      if ('fault' in one) refused.set(key, one.fault);
    }
    return refused;
  }

  async #replace(keys: readonly string[]): Promise<void> {
    const { target } = this.#step;
    const set = this.#columns.map((column) => `${quoteIdent(column)} = s.${quoteIdent(column)}`);
    await this.#client.query(
      `update ${quoteTable(target.name)} t set ${set.join(', ')}
       from unnest($1::${target.keyKind}[]) k(key) join ${quoteTable(stage)} s on ${matchesKey(target, 's', 'k.key')}
       where ${matchesKey(target, 't', 'k.key')}`,
      [keys],
    );
  }

  /** What a row is to blame for is answered, and undone; any other error is thrown. */
  async #attempt<T>(work: () => Promise<T>): Promise<{ readonly done: T } | { readonly fault: RefusedRow }> {
    await this.#client.query('savepoint rows');
    try {
      const done = await work();
      await this.#client.query('release savepoint rows');
      return { done };
    } catch (error) {
      const fault = rowFaultOf(error);
      if (!fault) throw error;
      await this.#client.query('rollback to savepoint rows; release savepoint rows');
      return { fault };
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
