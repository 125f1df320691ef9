import type { Consolidation, Entity, From, Rule, Source } from '../../plan/model.js';
import { RawRow } from '../row.js';
import type { SourceDatabase, SourceTable } from '../source/types.js';
import type { StepSource } from '../step.js';
import { TupleWriter } from '../target/tuple-writer.js';
import type { RowTransform } from '../transform/compile.js';
import { RowContext } from '../transform/types.js';
import { fold } from '../values/text.js';
import { parseTimestamp } from '../values/timestamp.js';
import { comparableId, isUuid } from '../values/uuid.js';
import { keyTextOf } from '../values/key-text.js';
import { textOf, type TextReader } from '../values/wire-text.js';
import { fieldHasher, KeyHash, type FieldHasher } from './key-hash.js';
import { keysPerPass, RepeatedKeys } from './repeated-keys.js';
import { identityKey, type Candidate, type SettleRules } from './settle.js';
import type { StandingRow, StandingRows } from './standing-rows.js';

/** Rows of one page when suspects are looked at in full. */
const lookupRows = 500;

export type SurveyedSource = StepSource & { readonly transform: RowTransform };

/** Which keys of an entity's rows must be looked at, as the plan says; undefined when none. */
export function settleRulesOf(entity: Entity): SettleRules | undefined {
  const unique = (entity.unique ?? []).map((rule) => rule.column);
  const { consolidation } = entity;
  if (unique.length === 0 && !consolidation) return undefined;
  if (!consolidation) return { unique };
  const { into, from, matches } = consolidation;
  return { unique, consolidation: { into, from, matches: matches.map((match) => match.rule) } };
}

/**
 * The rows that share a key with another row. Two narrow readings: the first notes which keys are seen twice, the second
 * (only if there are any) picks the rows that have one; just those are read whole, to see whether they pass their rules.
 */
export async function findCandidates(
  entity: Entity,
  sources: readonly SurveyedSource[],
  database: SourceDatabase,
  options: {
    ignored: readonly string[];
    rows: number;
    standing: StandingRows;
    signal: AbortSignal;
    progress: (rows: number) => void;
  },
): Promise<Candidate[]> {
  const readers = sources.map((source) => new KeyReader(entity, source, database, options.ignored));
  const { standing } = options;
  const expected = options.rows * Math.max(...readers.map((reader) => reader.keyCount)) + standing.keyCount;
  const passes = Math.max(1, Math.ceil(expected / keysPerPass));
  const suspects = readers.map(() => new Map<string, Suspect>());
  let seen = 0;
  for (let pass = 0; pass < passes; pass++) {
    const repeated = new RepeatedKeys(expected, pass, passes);
    const add = (hash: KeyHash): void => repeated.add(hash);
    await standing.each((row) => repeated.add(hashOf(entity, row)));
    for (const reader of readers)
      await reader.each(options.signal, (row) => {
        reader.hashes(row, add);
        if (++seen % 10_000 === 0) options.progress(seen);
      });
    if (!repeated.any) continue;
    let suspicious = false;
    const suspect = (hash: KeyHash): void => void (suspicious ||= repeated.has(hash));
    for (const [position, reader] of readers.entries())
      await reader.each(options.signal, (row) => {
        suspicious = false;
        reader.hashes(row, suspect);
        if (suspicious) suspects[position]?.set(reader.legacyId(row), reader.suspect(row));
        if (++seen % 10_000 === 0) options.progress(seen);
      });
  }
  const candidates: Candidate[] = [];
  const keys = new Set<string>();
  for (const [position, source] of sources.entries()) {
    const rows = [...(suspects[position]?.values() ?? [])];
    const good = await goodRows(
      source,
      rows.map((row) => row.key),
      database,
      options.signal,
    );
    for (const { key: _key, ...row } of rows) {
      candidates.push({ ...row, good: good.has(row.legacyId) });
      for (const [rule, key] of row.keys) keys.add(`${rule}\0${key}`);
    }
  }
  if (keys.size > 0)
    await standing.each(({ id, rule, key }) => {
      if (keys.has(`${rule}\0${key}`)) candidates.push(standingCandidate(entity, id, rule, key));
    });
  return candidates;
}

type Suspect = Omit<Candidate, 'good'> & { readonly key: readonly string[] };

/** The hash that a legacy row with the same key has. */
function hashOf(entity: Entity, { rule, key }: StandingRow): KeyHash {
  const hash = new KeyHash();
  hash.start((entity.unique ?? []).findIndex(({ column }) => column === rule));
  for (const byte of Buffer.from(key, 'utf8')) hash.byte(byte);
  hash.byte(0);
  hash.finish();
  return hash;
}

function standingCandidate(entity: Entity, id: string, rule: string, key: string): Candidate {
  return {
    table: entity.table,
    legacyId: id,
    good: true,
    first: null,
    keys: new Map([[rule, key]]),
    standing: true,
  };
}

async function goodRows(
  source: SurveyedSource,
  keys: readonly (readonly string[])[],
  database: SourceDatabase,
  signal: AbortSignal,
): Promise<Set<string>> {
  const good = new Set<string>();
  const row = new RawRow(source.table.columns.length);
  const context = new RowContext();
  context.nextGenerated = () => 0n;
  const scratch = new TupleWriter();
  for (let at = 0; at < keys.length; at += lookupRows) {
    const chunk = await database.lookup(source.table, keys.slice(at, at + lookupRows), signal);
    for (let i = 0; i < chunk.rows; i++) {
      database.locate(chunk, i, row);
      scratch.position = 0;
      if (source.transform.apply(row, context, scratch)) good.add(context.legacyKey);
    }
  }
  return good;
}

/** One part of a key: the first filled of its legacy columns. */
interface KeyPart {
  readonly hashers: readonly FieldHasher[];
  readonly readers: readonly TextReader[];
  readonly isPlaceholder: ((folded: string) => boolean) | undefined;
}

/** Reads just the columns that keys are made of. */
class KeyReader {
  readonly table: string;
  readonly keyCount: number;
  readonly #database: SourceDatabase;
  readonly #narrow: SourceTable;
  readonly #key: TextReader[];
  readonly #first: TextReader;
  readonly #rules: readonly { readonly rule: string; readonly parts: readonly KeyPart[] }[];
  readonly #identity: FieldHasher | undefined;
  readonly #hash = new KeyHash();

  constructor(entity: Entity, source: SurveyedSource, database: SourceDatabase, ignored: readonly string[]) {
    const { table, plan } = source;
    const { consolidation, unique = [] } = entity;
    this.table = table.name;
    this.#database = database;
    const existing = new Set(table.columns.map((column) => column.name));
    const rules = [
      ...unique.map((rule) => ({ rule: rule.column, columns: [rule.column] })),
      ...(consolidation?.matches ?? []).map((match) => ({ rule: match.rule, columns: match.columns })),
    ];
    const firstBy = consolidation?.firstBy ?? unique[0]?.firstBy ?? '';
    const fields = rules.flatMap(({ columns }) =>
      columns.flatMap((column) => fromOf(plan.columns[column], existing)),
    );
    const wanted = [...new Set([...table.key, ...fields, firstBy])].filter((name) => existing.has(name));
    const narrow = database.only(table, wanted);
    this.#narrow = narrow;
    const column = (name: string) => narrow.columns.find((candidate) => candidate.name === name);
    const reader = (name: string, read: typeof textOf): TextReader => {
      const found = column(name);
      return found ? read(found) : () => null;
    };
    this.#key = table.key.map((name) => reader(name, keyTextOf));
    this.#first = reader(firstBy, textOf);
    this.#rules = rules.map(({ rule, columns }) => ({
      rule,
      parts: columns.map((name) =>
        keyPart(plan, name, narrow, existing, placeholders(consolidation, name, ignored)),
      ),
    }));
    const [keyColumn] = table.key.length === 1 ? table.key.map(column) : [];
    this.#identity = consolidation && keyColumn ? fieldHasher(keyColumn) : undefined;
    this.keyCount = rules.length + (this.#identity ? 1 : 0);
  }

  async each(signal: AbortSignal, take: (row: RawRow) => void): Promise<void> {
    const row = new RawRow(this.#narrow.columns.length);
    const chunks = this.#database.read(this.#narrow, {
      limit: { rows: 1 << 16, bytes: 1 << 20 },
      order: false,
      signal,
    });
    for await (const chunk of chunks) {
      for (let i = 0; i < chunk.rows; i++) {
        this.#database.locate(chunk, i, row);
        take(row);
      }
      chunk.release?.();
    }
  }

  /** The hashes of all keys that the row has. The hash object is reused. */
  hashes(row: RawRow, take: (hash: KeyHash) => void): void {
    const hash = this.#hash;
    for (const [rule, { parts }] of this.#rules.entries()) {
      hash.start(rule);
      if (!this.#hashParts(row, parts)) continue;
      hash.finish();
      take(hash);
    }
    if (!this.#identity) return;
    hash.start(-1);
    if (!this.#identity(row, hash)) return;
    hash.finish();
    take(hash);
  }

  suspect(row: RawRow): Suspect {
    return {
      table: this.table,
      legacyId: this.legacyId(row),
      key: this.#keyOf(row),
      first: comparableTime(this.#first(row)),
      keys: new Map(this.#keysOf(row)),
    };
  }

  legacyId(row: RawRow): string {
    return this.#keyOf(row).join(',');
  }

  #keyOf(row: RawRow): string[] {
    return this.#key.map((read) => read(row) ?? '');
  }

  #hashParts(row: RawRow, parts: readonly KeyPart[]): boolean {
    for (let i = 0; i < parts.length; i++) {
      const { hashers, isPlaceholder } = parts[i] as KeyPart;
      if (isPlaceholder && foldedPart(parts[i] as KeyPart, row) === undefined) return false;
      let filled = false;
      for (let j = 0; j < hashers.length && !filled; j++)
        filled = (hashers[j] as FieldHasher)(row, this.#hash);
      if (!filled) return false;
      this.#hash.byte(0);
    }
    return true;
  }

  #keysOf(row: RawRow): [string, string][] {
    const keys: [string, string][] = [];
    for (const { rule, parts } of this.#rules) {
      const texts = parts.map((part) => foldedPart(part, row));
      if (texts.every((text) => text !== undefined)) keys.push([rule, texts.join('\0')]);
    }
    const id = comparableId(this.legacyId(row));
    if (this.#identity && isUuid(id)) keys.push([identityKey, id]);
    return keys;
  }
}

function keyPart(
  source: Source,
  name: string,
  narrow: SourceTable,
  existing: ReadonlySet<string>,
  isPlaceholder: KeyPart['isPlaceholder'],
): KeyPart {
  const columns = fromOf(source.columns[name], existing).flatMap((legacy) =>
    narrow.columns.filter((column) => column.name === legacy),
  );
  return { hashers: columns.map(fieldHasher), readers: columns.map(textOf), isPlaceholder };
}

/** The folded text that a target column will have; undefined when missing or a placeholder. */
function foldedPart({ readers, isPlaceholder }: KeyPart, row: RawRow): string | undefined {
  for (const read of readers) {
    const text = read(row);
    const folded = text === null ? '' : fold(text);
    if (folded !== '') return isPlaceholder?.(folded) ? undefined : folded;
  }
  return undefined;
}

/** Microseconds that put rows in order; null for what is no moment. */
function comparableTime(text: string | null): bigint | null {
  const written = parseTimestamp(text ?? '');
  return written === undefined || written.kind === 'zero' ? null : written.micros;
}

function fromOf(rule: Rule | undefined, existing: ReadonlySet<string>): string[] {
  if (!rule || !('from' in rule)) return [];
  const from: From = rule.from;
  return (typeof from === 'string' ? [from] : [...from]).filter((name) => existing.has(name));
}

/** Texts that stand for nothing: those of the configured list, and zeros only. */
function placeholders(
  consolidation: Consolidation | undefined,
  column: string,
  ignored: readonly string[],
): KeyPart['isPlaceholder'] {
  if (consolidation?.placeholders?.column !== column) return undefined;
  const listed = new Set(ignored.map(fold));
  return (folded) => listed.has(folded) || /^0+$/.test(folded);
}
