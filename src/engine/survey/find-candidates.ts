import type { Consolidation, Entity, From, Rule, Source } from '../../plan/model.js';
import { RawRow } from '../row.js';
import type { SourceDatabase, SourceTable } from '../source/types.js';
import type { StepSource } from '../step.js';
import type { RowTransform } from '../transform/compile.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { RowContext } from '../transform/types.js';
import { parseTimestamp } from '../values/timestamp.js';
import { fold } from '../values/text.js';
import { comparableId, isUuid } from '../values/uuid.js';
import { textOf, type TextReader } from '../values/wire-text.js';
import { CountingFilter } from './counting-filter.js';
import { identityKey, type Candidate, type SettleRules } from './settle.js';

/** Rows of one page when suspects are looked at in full. */
const lookupRows = 500;

/** Which keys of an entity's rows must be looked at, as the plan says; undefined when none. */
export function settleRulesOf(entity: Entity): SettleRules | undefined {
  const unique = (entity.unique ?? []).map((rule) => rule.column);
  const { consolidation } = entity;
  if (unique.length === 0 && !consolidation) return undefined;
  return {
    unique,
    ...(consolidation
      ? {
          consolidation: {
            into: consolidation.into,
            from: consolidation.from,
            matches: consolidation.matches.map((match) => match.rule),
          },
        }
      : {}),
  };
}

/**
 * The rows that share a key with another row. Two narrow readings: the first counts keys in a filter, the second picks
 * the rows whose keys were seen twice; only those are then read whole, to see whether they pass their own rules.
 */
export async function findCandidates(
  entity: Entity,
  sources: readonly (StepSource & { readonly transform: RowTransform })[],
  database: SourceDatabase,
  options: {
    ignored: readonly string[];
    rows: number;
    signal: AbortSignal;
    progress: (rows: number) => void;
  },
): Promise<Candidate[]> {
  const readers = sources.map((source) => new KeyReader(entity, source, database, options.ignored));
  const filter = new CountingFilter(
    options.rows * readers.reduce((most, reader) => Math.max(most, reader.keyCount), 1),
  );
  let seen = 0;
  for (const reader of readers)
    await reader.each(options.signal, (keys) => {
      for (const [rule, key] of keys()) filter.add(`${rule}\0${key}`);
      if (++seen % 10_000 === 0) options.progress(seen);
    });
  const candidates: Candidate[] = [];
  for (const [position, reader] of readers.entries()) {
    const suspects = new Map<string, Omit<Candidate, 'good'>>();
    const keysOf = new Map<string, string[]>();
    await reader.each(options.signal, (keys, row) => {
      const found = keys();
      if (!found.some(([rule, key]) => filter.maybeRepeated(`${rule}\0${key}`))) return;
      const legacyId = reader.legacyId(row);
      suspects.set(legacyId, {
        table: reader.table,
        legacyId,
        first: reader.first(row),
        keys: new Map(found),
      });
      keysOf.set(legacyId, reader.key(row));
    });
    const good = await goodRows(
      sources[position] as (typeof sources)[number],
      [...keysOf.values()],
      database,
      options.signal,
    );
    for (const suspect of suspects.values())
      candidates.push({ ...suspect, good: good.has(suspect.legacyId) });
  }
  return candidates;
}

async function goodRows(
  source: StepSource & { readonly transform: RowTransform },
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

/** Reads just the columns that keys are made of. */
class KeyReader {
  readonly table: string;
  readonly keyCount: number;
  readonly #database: SourceDatabase;
  readonly #narrow: SourceTable;
  readonly #keys: TextReader[];
  readonly #first: TextReader;
  readonly #rules: readonly {
    readonly rule: string;
    readonly values: readonly ((row: RawRow) => string | undefined)[];
  }[];
  readonly #identity: boolean;

  constructor(entity: Entity, source: StepSource, database: SourceDatabase, ignored: readonly string[]) {
    const { table, plan } = source;
    this.table = table.name;
    this.#database = database;
    const { consolidation, unique = [] } = entity;
    const existing = new Set(table.columns.map((column) => column.name));
    const rules = [
      ...unique.map((rule) => ({ rule: rule.column, columns: [rule.column] })),
      ...(consolidation?.matches ?? []).map((match) => ({ rule: match.rule, columns: match.columns })),
    ];
    const firstBy = consolidation?.firstBy ?? unique[0]?.firstBy ?? '';
    const legacyColumns = rules.flatMap((rule) =>
      rule.columns.flatMap((column) => fromOf(plan.columns[column], existing)),
    );
    const wanted = [...new Set([...table.key, ...legacyColumns, firstBy])].filter((name) =>
      existing.has(name),
    );
    this.#narrow = database.only(table, wanted);
    const reader = (name: string): TextReader => {
      const column = this.#narrow.columns.find((candidate) => candidate.name === name);
      return column ? textOf(column) : () => null;
    };
    this.#keys = table.key.map(reader);
    this.#first = reader(firstBy);
    this.#rules = rules.map(({ rule, columns }) => ({
      rule,
      values: columns.map((column) =>
        valueReader(plan, column, existing, reader, placeholders(consolidation, column, ignored)),
      ),
    }));
    this.#identity = consolidation !== undefined && table.key.length === 1;
    this.keyCount = rules.length + (this.#identity ? 1 : 0);
  }

  async each(
    signal: AbortSignal,
    take: (keys: () => [string, string][], row: RawRow) => void,
  ): Promise<void> {
    const row = new RawRow(this.#narrow.columns.length);
    const keys = () => this.#keysOf(row);
    const chunks = this.#database.read(this.#narrow, {
      limit: { rows: 1 << 16, bytes: 1 << 20 },
      order: false,
      signal,
    });
    for await (const chunk of chunks)
      for (let i = 0; i < chunk.rows; i++) {
        this.#database.locate(chunk, i, row);
        take(keys, row);
      }
  }

  key(row: RawRow): string[] {
    return this.#keys.map((read) => read(row) ?? '');
  }

  legacyId(row: RawRow): string {
    return this.key(row).join(',');
  }

  first(row: RawRow): bigint | null {
    const written = parseTimestamp(this.#first(row) ?? '');
    return written === undefined || written.kind === 'zero' ? null : written.micros;
  }

  #keysOf(row: RawRow): [string, string][] {
    const keys: [string, string][] = [];
    for (const { rule, values } of this.#rules) {
      const parts = values.map((value) => value(row));
      if (parts.every((part) => part !== undefined)) keys.push([rule, parts.join('\0')]);
    }
    if (this.#identity) {
      const id = comparableId(this.legacyId(row));
      if (isUuid(id)) keys.push([identityKey, id]);
    }
    return keys;
  }
}

/** The folded text that a target column will have; undefined when missing or a placeholder. */
function valueReader(
  source: Source,
  column: string,
  existing: ReadonlySet<string>,
  reader: (name: string) => TextReader,
  isPlaceholder: (folded: string) => boolean,
): (row: RawRow) => string | undefined {
  const readers = fromOf(source.columns[column], existing).map(reader);
  return (row) => {
    for (const read of readers) {
      const text = read(row);
      const folded = text === null ? '' : fold(text);
      if (folded !== '') return isPlaceholder(folded) ? undefined : folded;
    }
    return undefined;
  };
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
): (folded: string) => boolean {
  if (consolidation?.placeholders?.column !== column) return () => false;
  const listed = new Set(ignored.map(fold));
  return (folded) => listed.has(folded) || /^0+$/.test(folded);
}
