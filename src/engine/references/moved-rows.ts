import { hash } from 'node:crypto';
import type { Client } from 'pg';
import type { Entity, IdentityRule } from '../../plan/model.js';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import { locateRow, RowSplitter } from '../postgres/split-rows.js';
import { RawRow } from '../row.js';
import type { ReferenceIndex, Resolution } from '../transform/types.js';
import { fold } from '../values/text.js';
import { comparableId, identityOf, isUuid, namespaceOf, uuidBytes, uuidText } from '../values/uuid.js';
import { CurrencyLists } from './currency-lists.js';
import { UuidMap } from './uuid-map.js';
import { copyOut } from '../../store/copy-streams.js';

/** Resolutions remembered: rows that refer to one parent often come in runs and repeat. */
const memoSize = 1 << 14;

/** Rows that are loaded in one go, at about 50 bytes each; of more, those that are asked for are looked up. */
export const mostLoaded = 1_000_000;

/**
 * The rows of one entity that a run has moved, found by legacy id or by folded code. Codes, and ids of a table too large
 * to be loaded, are read only when a reference asks for them: `isWanting` then says that the answers given meanwhile do
 * not count, and that everything must be asked again after `loadWanted`.
 */
export class MovedRows implements ReferenceIndex {
  readonly #entity: Entity;
  readonly #run: string;
  /** by identity of the legacy id, or by hash of `table, id` where the target's key is not an identity */
  #ids = new UuidMap();
  #codes: UuidMap | undefined;
  /** rejected rows of all legacy tables but the last: their ids must not lead to a row of a later table */
  #rejected = new UuidMap();
  /** target keys that are not UUIDs, by position; the maps then hold positions */
  readonly #texts: string[] = [];
  readonly #namespaces: Buffer[];
  readonly #byIdentity: boolean;
  readonly #memo = new Map<string, Resolution>();
  #codesWanted = false;
  /** in a table that is looked up: the identities that are asked for, by their bytes as text */
  readonly #wanted = new Map<string, Buffer>();
  /** the answer in hand rests on an id that has to be looked up */
  #isUnsure = false;
  /** identities that are known not to be in */
  #absent: UuidMap | undefined;
  readonly #mostLoaded: number;
  #loading: Promise<void> | undefined;
  readonly currenciesOf: ReferenceIndex['currenciesOf'];
  readonly #currencyColumn: string | undefined;
  readonly #knownBefore: string | null;
  #currencies = new CurrencyLists();

  /**
   * `currencies`: the column with the currencies of each row, when they are asked for. `knownBefore`: rows that left the
   * quarantine at this time (of the target) or later are not there; null: all are.
   */
  constructor(
    entity: Entity,
    run: string,
    {
      currencies,
      knownBefore,
      most = mostLoaded,
    }: { currencies: string | undefined; knownBefore: string | null; most?: number | undefined },
  ) {
    this.#mostLoaded = most;
    this.#entity = entity;
    this.#run = run;
    this.#currencyColumn = currencies;
    this.#knownBefore = knownBefore;
    if (currencies !== undefined)
      this.currenciesOf = (key) => this.#currencies.of(this.#byIdentity ? uuidBytes(key) : hashedKey(key));
    const rules = entity.sources.map((source) => source.columns[entity.key[0] as string]);
    this.#byIdentity = entity.key.length === 1 && rules.every((rule) => rule?.kind === 'identity');
    this.#namespaces = entity.sources.map((source, i) =>
      namespaceOf((rules[i] as Partial<IdentityRule>).namespace ?? source.table),
    );
  }

  /** Reads which rows are in. Call again when more have come in. */
  async load(client: Client): Promise<void> {
    this.#ids = new UuidMap();
    this.#memo.clear();
    this.#absent = (await this.#isLookedUp(client)) ? new UuidMap() : undefined;
    if (!this.#absent) {
      if (this.#byIdentity) await this.#loadIdentities(client);
      else await this.#loadTexts(client);
    }
    await this.#readMerges(client, this.#ids);
    await this.#loadRejected(client);
    if (this.#codes) await this.#loadCodes(client);
    if (this.#currencyColumn !== undefined) await this.#loadCurrencies(client, this.#currencyColumn);
  }

  /** Answers were given without having read what they ask for. */
  get isWanting(): boolean {
    return this.#codesWanted || this.#wanted.size > 0;
  }

  /** Reads what was asked for; whoever asks while it is being read waits for that. */
  loadWanted(client: Client): Promise<void> {
    this.#loading ??= this.#loadWanted(client).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadWanted(client: Client): Promise<void> {
    if (this.#wanted.size > 0) await this.#lookUp(client, [...this.#wanted.values()]);
    if (this.#codesWanted) await this.#loadCodes(client);
  }

  async #loadCodes(client: Client): Promise<void> {
    const { table, code } = this.#entity;
    if (!code) throw new Error(`rows of ${table} cannot be found by code: its entity names none`);
    const codes = new UuidMap();
    for await (const row of binaryRows(client, this.#movedColumn(code), 2)) {
      const text = textAt(row, 1);
      if (text !== null) codes.add(hashedKey(fold(text)), this.#valueOf(row));
    }
    const merges = await client.query<{ target: string; code: string }>(
      `select target_id as target, code from migration.merges where run = $1 and target_table = $2 and code is not null
       order by legacy_id collate "C"`,
      [this.#run, table],
    );
    for (const merge of merges.rows) codes.add(hashedKey(merge.code), this.#encode(merge.target));
    this.#codes = codes;
    this.#codesWanted = false;
    this.#memo.clear();
  }

  byLegacyId(id: string): Resolution {
    const known = this.#memo.get(id);
    if (known) return known;
    this.#isUnsure = false;
    const resolution = this.#find(id);
    if (this.#isUnsure) return resolution;
    if (this.#memo.size >= memoSize) this.#memo.clear();
    this.#memo.set(id, resolution);
    return resolution;
  }

  byUuid(bytes: Buffer, start: number, into: Buffer): boolean {
    return this.#byIdentity && this.#ids.get(bytes, into, start);
  }

  byCode(foldedCode: string): Resolution {
    if (!this.#codes) {
      // An id that is not looked up yet may make the code needless.
      this.#codesWanted ||= this.#wanted.size === 0;
      return { found: false };
    }
    const value = Buffer.allocUnsafe(16);
    return this.#codes.get(hashedKey(foldedCode), value)
      ? { found: true, key: this.#decode(value) }
      : { found: false };
  }

  /** The target key of the legacy row `id` of `table`, if it is in. */
  keyOf(table: string, id: string): Buffer | string | undefined {
    const position = this.#entity.sources.findIndex((source) => source.table === table);
    const value = Buffer.allocUnsafe(16);
    return this.#has(this.#idKey(position, id), value) ? this.#decode(value) : undefined;
  }

  #find(id: string): Resolution {
    let found: Buffer | undefined;
    let others = 0;
    for (let position = 0; position < this.#namespaces.length; position++) {
      const value = Buffer.allocUnsafe(16);
      const idKey = this.#idKey(position, id);
      if (!this.#has(idKey, value)) {
        if (!found && this.#rejected.has(idKey)) return { found: false };
        continue;
      }
      if (!found) found = value;
      else if (!found.equals(value)) others++;
    }
    if (!found) return { found: false };
    const key = this.#decode(found);
    if (others === 0) return { found: true, key };
    const [first] = this.#entity.sources;
    return {
      found: true,
      key,
      warning: `the id stands for rows of several legacy tables; taken as one of ${first?.table}`,
    };
  }

  /** False also where it has to be looked up: then it is wanted. */
  #has(idKey: Buffer, into: Buffer): boolean {
    if (this.#ids.get(idKey, into)) return true;
    if (this.#absent && !this.#absent.has(idKey) && !this.#rejected.has(idKey)) {
      this.#wanted.set(idKey.toString('latin1'), idKey);
      this.#isUnsure = true;
    }
    return false;
  }

  /**
   * Too many to be loaded, and all rows of the target's table are the run's own, so that its primary key tells which are
   * in: nothing was in it before.
   */
  async #isLookedUp(client: Client): Promise<boolean> {
    if (!this.#byIdentity || this.#knownBefore !== null) return false;
    const { rows } = await client.query<{ lookedUp: boolean }>(
      `select s.before = 0 and coalesce(sum(c.migrated), 0) > $3 as "lookedUp"
       from migration.step_states s left join migration.chunks c using (run, step)
       where s.run = $1 and s.step = $2 group by s.before`,
      [this.#run, this.#entity.step, this.#mostLoaded],
    );
    return rows[0]?.lookedUp ?? false;
  }

  /** Which of these are in. What was looked up before is forgotten when it has become too much. */
  async #lookUp(client: Client, wanted: readonly Buffer[]): Promise<void> {
    if (this.#ids.size + (this.#absent?.size ?? 0) > this.#mostLoaded) {
      const merged = await this.#readMerges(client);
      this.#ids = merged;
      this.#absent = new UuidMap();
      this.#memo.clear();
    }
    const { table, key } = this.#entity;
    const { rows } = await client.query<{ n: number }>(
      `select k.n::int4 as n
       from unnest($1::uuid[]) with ordinality k(key, n)
       where exists (select from ${quoteTable(table)} t where t.${quoteIdent(key[0] as string)} = k.key)`,
      [wanted.map((idKey) => uuidText(idKey))],
    );
    const found = new Set(rows.map(({ n }) => n - 1));
    for (const [i, idKey] of wanted.entries()) {
      if (found.has(i)) this.#ids.add(idKey, idKey);
      else this.#absent?.add(idKey, idKey);
      this.#wanted.delete(idKey.toString('latin1'));
    }
  }

  #idKey(position: number, legacyId: string): Buffer {
    const namespace = this.#namespaces[position] as Buffer;
    const id = comparableId(legacyId);
    // Where keys are kept, an id that looks like a UUID must not stand for rows of every table.
    return identityOf(namespace, !this.#byIdentity && isUuid(id) ? `=${id}` : id);
  }

  async #loadIdentities(client: Client): Promise<void> {
    for await (const row of binaryRows(client, `select unnest(target_uuids) ${this.#lineage()}`, 1)) {
      const at = row.start[0] as number;
      this.#ids.add(row.bytes, row.bytes, at, at);
    }
  }

  async #loadTexts(client: Client): Promise<void> {
    const positions = new Map(this.#entity.sources.map((source, position) => [source.table, position]));
    const { rows } = await client.query<{ source: string; legacy: string[]; target: string[] }>(
      `select source_table as source, coalesce(target_bigints::text[], target_texts, target_uuids::text[]) as target,
         coalesce(legacy_keys, target_bigints::text[], target_texts, target_uuids::text[]) as legacy ${this.#lineage()}`,
    );
    // The first one stays: of keys that are compared as one, that is the key as references spell it.
    for (const plain of [true, false])
      for (const { source, legacy, target } of rows)
        legacy.forEach((id, i) => {
          if ((id === comparableId(id)) !== plain) return;
          this.#ids.add(this.#idKey(positions.get(source) ?? 0, id), this.#encode(target[i] as string));
        });
  }

  async #readMerges(client: Client, into = new UuidMap()): Promise<UuidMap> {
    const positions = new Map(this.#entity.sources.map((source, position) => [source.table, position]));
    const { rows } = await client.query<{ source: string; legacy: string; target: string }>(
      `select legacy_table as source, legacy_id as legacy, target_id as target
       from migration.merges m where run = $1 and target_table = $2 and not exists (
         select from migration.rejects r where r.run = m.run and r.legacy_table = m.legacy_table
           and r.legacy_id = m.legacy_id and r.resolved_at >= $3::timestamptz)`,
      [this.#run, this.#entity.table, this.#knownBefore],
    );
    for (const { source, legacy, target } of rows)
      into.add(this.#idKey(positions.get(source) ?? 0, legacy), this.#encode(target));
    return into;
  }

  async #loadRejected(client: Client): Promise<void> {
    const tables = this.#entity.sources.map((source) => source.table);
    const { rows } = await client.query<{ source: string; legacy: string }>(
      `select legacy_table as source, legacy_id as legacy from migration.rejects
       where run = $1 and step = $2 and legacy_table = any($3)`,
      [this.#run, this.#entity.step, tables.slice(0, -1)],
    );
    this.#rejected = new UuidMap();
    for (const { source, legacy } of rows) {
      const idKey = this.#idKey(tables.indexOf(source), legacy);
      this.#rejected.add(idKey, idKey);
    }
  }

  #lineage(): string {
    const ours = `run = ${quoteLiteral(this.#run)} and step = ${quoteLiteral(this.#entity.step)}`;
    if (this.#knownBefore === null) return `from migration.lineage where ${ours}`;
    return `from migration.lineage where ${ours} and (source_table, range, chunk) not in (
      select source_table, range, chunk
      from migration.chunks join migration.ranges r using (run, step, source_table, range)
      where ${ours} and r.kind <> 'key' and committed_at >= ${quoteLiteral(this.#knownBefore)})`;
  }

  async #loadCurrencies(client: Client, column: string): Promise<void> {
    this.#currencies = new CurrencyLists();
    for await (const row of binaryRows(client, this.#movedColumn(column), 2)) {
      const [at] = row.start;
      const key = this.#byIdentity ? row.bytes.subarray(at) : hashedKey(textAt(row, 0) ?? '');
      this.#currencies.add(key, textAt(row, 1));
    }
  }

  /** A query of the moved rows' keys and of one column as text. */
  #movedColumn(column: string): string {
    const { table, key } = this.#entity;
    const keyExpression = this.#byIdentity ? `t.${quoteIdent(key[0] as string)}` : keyText(key, 't');
    return `select ${keyExpression}, t.${quoteIdent(column)}::text from ${quoteTable(table)} t
      where ${this.#movedCondition('t')}`;
  }

  #movedCondition(alias: string): string {
    const key = quoteIdent(this.#entity.key[0] as string);
    if (this.#byIdentity) return `${alias}.${key} in (select unnest(target_uuids) ${this.#lineage()})`;
    return `${keyText(this.#entity.key, alias)} in
      (select unnest(coalesce(target_bigints::text[], target_texts, target_uuids::text[])) ${this.#lineage()})`;
  }

  #valueOf(row: RawRow): Buffer {
    const at = row.start[0] as number;
    const bytes = row.bytes.subarray(at, at + (row.length[0] as number));
    return this.#byIdentity ? bytes : this.#encode(bytes.toString('utf8'));
  }

  #encode(key: string): Buffer {
    if (this.#byIdentity) return uuidBytes(key);
    const value = Buffer.alloc(16);
    value.writeUInt32BE(this.#texts.push(key) - 1);
    return value;
  }

  #decode(value: Buffer): Buffer | string {
    return this.#byIdentity ? value : (this.#texts[value.readUInt32BE()] as string);
  }
}

/** A key as the lineage writes it: the text of a single column, a JSON array of texts for a composite one. */
function keyText(key: readonly string[], alias: string): string {
  const texts = key.map((column) => `${alias}.${quoteIdent(column)}::text`);
  return texts.length === 1 ? (texts[0] as string) : `to_json(array[${texts.join(', ')}])::text`;
}

function hashedKey(text: string): Buffer {
  return hash('sha1', text, 'buffer').subarray(0, 16);
}

function textAt({ bytes, start, length }: RawRow, field: number): string | null {
  const [from, size] = [start[field] as number, length[field] as number];
  return size === -1 ? null : bytes.toString('utf8', from, from + size);
}

/** Streams the rows of a query in binary form; the row object is reused. */
async function* binaryRows(client: Client, query: string, fields: number): AsyncGenerator<RawRow> {
  const row = new RawRow(fields);
  const splitter = new RowSplitter({ rows: 1 << 16, bytes: 1 << 20 });
  const stream = copyOut(client, `copy (${query}) to stdout (format binary)`);
  function* located(chunks: ReturnType<RowSplitter['push']>): Generator<RawRow> {
    for (const chunk of chunks)
      for (let i = 0; i < chunk.rows; i++) {
        locateRow(chunk, i, row);
        yield row;
      }
  }
  for await (const data of stream) yield* located(splitter.push(data as Buffer));
  yield* located(splitter.finish());
}
