import type { Client } from 'pg';
import type { Entity, Plan } from '../../plan/model.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { CurrencyLists } from '../references/currency-lists.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { matchesKey } from '../target/key-match.js';
import type { ReferenceIndex, Resolution } from '../transform/types.js';
import { fold } from '../values/text.js';
import { identityOf, namespaceOf, uuidBytes, uuidText } from '../values/uuid.js';
import {
  insertedByLegacy,
  insertedByTarget,
  mergedByLegacy,
  rejectedByLegacy,
  type InsertedRow,
} from './find-rows.js';
import { namespaceName } from './scope.js';

/** When a row was moved, which says what other rows it could refer to. */
export interface Moment {
  readonly run: string;
  /** rows of other steps that left the quarantine after this time were not there; null: all are */
  readonly committedAt: string | null;
}

/**
 * The rows that one row refers to, found as `MovedRows` finds them, but only those that are asked for: answering for one
 * row must not read what a million rows need. What is asked for first is not found, and is looked up by `load`; whoever
 * asks then asks again, until nothing is `wanting`.
 */
export class TracedReferences {
  readonly #indexes = new Map<string, TracedIndex>();
  readonly #plan: Plan;
  readonly #moment: Moment;
  readonly #step: string;

  constructor(plan: Plan, step: string, moment: Moment) {
    this.#plan = plan;
    this.#step = step;
    this.#moment = moment;
  }

  of(name: string): TracedIndex {
    const known = this.#indexes.get(name);
    if (known) return known;
    const entity = this.#plan.entities.find((candidate) => candidate.step === name);
    if (!entity) throw new Error(`the plan has no step ${name}`);
    const currencies = this.#plan.entities.find((candidate) => candidate.step === this.#step)?.conversion;
    const moment = name === this.#step ? { ...this.#moment, committedAt: null } : this.#moment;
    const index = new TracedIndex(entity, moment, currencies?.parent.currencies);
    this.#indexes.set(name, index);
    return index;
  }

  get wanting(): boolean {
    return [...this.#indexes.values()].some((index) => index.wanting);
  }

  async load(client: Client): Promise<void> {
    for (const index of this.#indexes.values()) await index.load(client);
  }
}

class TracedIndex implements ReferenceIndex {
  readonly #entity: Entity;
  readonly #moment: Moment;
  readonly #currencyColumn: string | undefined;
  readonly #ids = new Map<string, Resolution | undefined>();
  readonly #codes = new Map<string, Resolution | undefined>();
  readonly #currencies = new Map<string, readonly string[] | undefined>();
  #target: TargetTable | undefined;

  constructor(entity: Entity, moment: Moment, currencyColumn: string | undefined) {
    this.#entity = entity;
    this.#moment = moment;
    this.#currencyColumn = currencyColumn;
  }

  get wanting(): boolean {
    return [this.#ids, this.#codes, this.#currencies].some((known) =>
      [...known.values()].includes(undefined),
    );
  }

  byLegacyId(id: string): Resolution {
    return asked(this.#ids, id) ?? { found: false };
  }

  byCode(foldedCode: string): Resolution {
    return asked(this.#codes, foldedCode) ?? { found: false };
  }

  currenciesOf(key: string): readonly string[] {
    return asked(this.#currencies, key) ?? [];
  }

  async load(client: Client): Promise<void> {
    if (!this.wanting) return;
    this.#target ??= await describeTarget(client, this.#entity.table);
    const target = this.#target;
    if (!target) throw new Error(`the target has no table ${this.#entity.table}`);
    for (const id of wantedOf(this.#ids)) {
      const found = await this.#findId(client, target, id);
      this.#ids.set(id, found);
      if (found.found) await this.#noteCode(client, target, found);
    }
    for (const code of wantedOf(this.#codes))
      this.#codes.set(code, await this.#findCode(client, target, code));
    for (const key of wantedOf(this.#currencies))
      this.#currencies.set(key, await this.#readCurrencies(client, target, key));
  }

  /** The legacy tables in their order; a row of an earlier one that was rejected hides those of later ones. */
  async #findId(client: Client, target: TargetTable, id: string): Promise<Resolution> {
    const { step, sources } = this.#entity;
    const { run } = this.#moment;
    const keys = new Set<string>();
    for (const [position, source] of sources.entries()) {
      const key = await this.#keyOf(client, target, position, id);
      if (key !== undefined) keys.add(key);
      else if (keys.size === 0 && position < sources.length - 1) {
        const rejects = await rejectedByLegacy(client, [run], step, source.table, id);
        if (rejects.length > 0) return { found: false };
      }
    }
    const [first] = keys;
    if (first === undefined) return { found: false };
    const warning = `the id stands for rows of several legacy tables; taken as one of ${sources[0]?.table}`;
    return { found: true, key: keyFor(target, first), ...(keys.size > 1 ? { warning } : {}) };
  }

  async #keyOf(
    client: Client,
    target: TargetTable,
    position: number,
    id: string,
  ): Promise<string | undefined> {
    const { step, sources, key } = this.#entity;
    const { run, committedAt } = this.#moment;
    const source = sources[position];
    const rule = source?.columns[key[0] as string];
    if (!source) return undefined;
    const rows =
      rule?.kind === 'identity' && key.length === 1
        ? await insertedByTarget(
            client,
            { runs: [run], step },
            target.keyKind,
            uuidText(identityOf(namespaceOf(namespaceName(rule, source)), id)),
          )
        : await insertedByLegacy(client, [run], this.#entity, source, target.keyKind, id);
    const inserted = rows.find((row) => this.#wasThere(row));
    if (inserted) return inserted.targetId;
    const [merged] = await mergedByLegacy(client, [run], step, source.table, id);
    if (!merged) return undefined;
    const rejects = await rejectedByLegacy(client, [run], step, source.table, id);
    const cameLater = rejects.some(
      ({ resolvedAt }) => resolvedAt !== null && committedAt !== null && resolvedAt > committedAt,
    );
    return cameLater ? undefined : merged.targetId;
  }

  #wasThere({ retried, committedAt }: InsertedRow): boolean {
    return !retried || this.#moment.committedAt === null || committedAt <= this.#moment.committedAt;
  }

  /** The code of a row that was found is most often the one that is asked for next. */
  async #noteCode(client: Client, target: TargetTable, { key }: { key: Buffer | string }): Promise<void> {
    if (this.#entity.code === undefined) return;
    const code = await readColumn(client, target, textOfKey(key), this.#entity.code);
    if (code !== null) this.#codes.set(fold(code), { found: true, key });
  }

  async #findCode(client: Client, target: TargetTable, folded: string): Promise<Resolution> {
    const { step, table, code } = this.#entity;
    const { run } = this.#moment;
    if (code === undefined)
      throw new Error(`rows of ${table} cannot be found by code: its entity names none`);
    const column = `t.${quoteIdent(code)}::text`;
    // How the server folds letters beyond ASCII depends on its locale, so those codes are folded here.
    const { rows } = await client.query<{ key: string; code: string }>(
      `select ${keyText(target)} as key, ${column} as code from ${quoteTable(table)} t
       where lower(btrim(${column}) collate "C") = $1 or octet_length(${column}) <> char_length(${column})`,
      [folded],
    );
    for (const row of rows) {
      if (fold(row.code) !== folded) continue;
      const ours = await insertedByTarget(client, { runs: [run], step }, target.keyKind, row.key);
      if (ours.some((inserted) => this.#wasThere(inserted)))
        return { found: true, key: keyFor(target, row.key) };
    }
    const merges = await client.query<{ target: string }>(
      `select target_id as target from migration.merges where run = $1 and target_table = $2 and code = $3
       order by legacy_id collate "C" limit 1`,
      [run, table, folded],
    );
    const [merged] = merges.rows;
    return merged ? { found: true, key: keyFor(target, merged.target) } : { found: false };
  }

  async #readCurrencies(client: Client, target: TargetTable, key: string): Promise<readonly string[]> {
    if (this.#currencyColumn === undefined) return [];
    const lists = new CurrencyLists();
    const name = Buffer.alloc(16);
    lists.add(name, await readColumn(client, target, key, this.#currencyColumn));
    return lists.of(name);
  }
}

function asked<T>(known: Map<string, T | undefined>, name: string): T | undefined {
  if (!known.has(name)) known.set(name, undefined);
  return known.get(name);
}

function wantedOf<T>(known: ReadonlyMap<string, T | undefined>): string[] {
  return [...known].flatMap(([name, value]) => (value === undefined ? [name] : []));
}

function keyFor({ keyKind }: TargetTable, key: string): Buffer | string {
  return keyKind === 'uuid' ? uuidBytes(key) : key;
}

/** A key as the lineage has it. */
export function textOfKey(key: Buffer | string): string {
  return typeof key === 'string' ? key : uuidText(key);
}

/** SQL of the key of a row `t`, as the lineage has it. */
export function keyText({ key }: TargetTable): string {
  const parts = key.map((column) => `t.${quoteIdent(column)}::text`);
  return parts.length === 1 ? (parts[0] as string) : `to_json(array[${parts.join(', ')}])::text`;
}

async function readColumn(
  client: Client,
  target: TargetTable,
  key: string,
  column: string,
): Promise<string | null> {
  const { rows } = await client.query<{ value: string | null }>(
    `select t.${quoteIdent(column)}::text as value from ${quoteTable(target.name)} t
     where ${matchesKey(target, 't', `$1::${target.keyKind}`)}`,
    [key],
  );
  return rows[0]?.value ?? null;
}
