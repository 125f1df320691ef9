import { crc32 } from 'node:zlib';
import type { Client } from 'pg';
import { quoteTable } from '../store/quote.js';
import type { EnsuredParent } from '../plan/model.js';
import { keyReader, readMerged, type SourceDecisions } from './decisions.js';
import { keyTeller } from './legacy-key.js';
import type { MovedRows } from './references/moved-rows.js';
import { RawRow, type SourceChunk, type SourceColumn } from './row.js';
import type { SourceDatabase } from './source/types.js';
import { compileSource, type Step, type StepSource } from './step.js';
import type { Decision } from './survey/settle.js';
import { KeyArray } from './target/key-array.js';
import type {
  EnsuredRow,
  LinkRow,
  MergeRow,
  PreparedChunk,
  Reject,
  WarningRow,
} from './target/prepared-chunk.js';
import type { TupleWriter } from './target/tuple-writer.js';
import type { RowTransform } from './transform/compile.js';
import { rowAsText } from './transform/row-text.js';
import { RowContext } from './transform/types.js';
import { fold } from './values/text.js';
import { comparableId, uuidText } from './values/uuid.js';
import { textOf, type TextReader } from './values/wire-text.js';

/** Turns chunks of one legacy table into what their transactions will hold. */
export class ChunkTransformer {
  readonly #step: Step;
  readonly #source: StepSource;
  readonly #database: SourceDatabase;
  readonly #client: Client;
  readonly #references: ReadonlyMap<string, MovedRows>;
  readonly #decisions: SourceDecisions;
  readonly #transform: RowTransform;
  readonly #row: RawRow;
  readonly #context = new RowContext();
  readonly #key: (row: RawRow) => string[];
  readonly #code: TextReader | undefined;
  readonly #tellsLegacyKey: ReturnType<typeof keyTeller>;
  readonly #sequence: string | undefined;
  readonly #signal: AbortSignal;

  constructor(parts: {
    step: Step;
    source: StepSource;
    database: SourceDatabase;
    /** a connection for look-ups, used by nobody else meanwhile */
    client: Client;
    references: ReadonlyMap<string, MovedRows>;
    decisions: SourceDecisions;
    signal: AbortSignal;
    /** references of the entity to itself: resolved (verification) or left for later */
    resolveOwn?: boolean;
  }) {
    this.#step = parts.step;
    this.#source = parts.source;
    this.#database = parts.database;
    this.#client = parts.client;
    this.#references = parts.references;
    this.#decisions = parts.decisions;
    this.#signal = parts.signal;
    const reminted = [...parts.decisions.own.values()].filter((decision) => decision.kind === 'remint');
    this.#transform = compileSource(parts.step, parts.source, {
      references: (name) => {
        const index = parts.references.get(name);
        if (!index) throw new Error(`the rows of ${name} are not loaded`);
        return index;
      },
      resolveOwn: parts.resolveOwn ?? false,
      decisions: { reminted: new Set(reminted.map((decision) => comparableId(decision.legacyId))) },
    });
    this.#row = new RawRow(parts.source.table.columns.length);
    this.#key = keyReader(parts.source);
    this.#code = codeReader(parts.step, parts.source);
    this.#tellsLegacyKey = keyTeller(parts.step, parts.source);
    const generated = Object.entries(parts.source.plan.columns).find(([, rule]) => rule.kind === 'generated');
    this.#sequence = generated?.[0];
  }

  get columns(): readonly string[] {
    return this.#transform.columns;
  }

  /** The row holds rows of another legacy table, as these are now: its own source row does not tell all of it. */
  holdsOthers(legacyId: string): boolean {
    return this.#decisions.merged.has(legacyId);
  }

  /** `numbers`: the values of a generated column by legacy key (verification); reserved anew when left out. */
  async prepare(
    chunk: SourceChunk,
    tuples: TupleWriter,
    numbers?: ReadonlyMap<string, bigint>,
  ): Promise<PreparedChunk> {
    const attached = await this.#attachments(chunk);
    this.#context.nextGenerated = numbers ? this.#known(numbers) : await this.#reserve(chunk.rows);
    for (;;) {
      tuples.position = 0;
      const prepared = this.#apply(chunk, tuples, attached);
      const wanting = [...this.#references.values()].filter((index) => index.isWanting);
      if (wanting.length === 0) return prepared;
      for (const index of wanting) await index.loadWanted(this.#client);
      this.#context.nextGenerated = numbers ? this.#known(numbers) : await this.#reserve(chunk.rows);
    }
  }

  #apply(
    chunk: SourceChunk,
    tuples: TupleWriter,
    attached: ReadonlyMap<string, readonly string[]>,
  ): PreparedChunk {
    const { entity } = this.#step;
    const row = this.#row;
    const context = this.#context;
    // Of fixed size and outside of the heap: as arrays of the language they would grow through it in every chunk.
    const tupleStarts = new Int32Array(chunk.rows + 1);
    const tupleRows = new Int32Array(chunk.rows);
    const targetKeys = new KeyArray(this.#step.target.keyKind);
    let legacyKeys: KeyArray | null = null;
    let kept: (string | null)[] | null = null;
    const rejects: Reject[] = [];
    const warnings: WarningRow[] = [];
    const merges: MergeRow[] = [];
    const links: LinkRow[] = [];
    const ensured = new Map<string, EnsuredRow>();
    const settled = this.#decisions.own.size > 0;
    const { bytes } = chunk;

    for (let i = 0; i < chunk.rows; i++) {
      this.#database.locate(chunk, i, row);
      const decision = settled ? this.#decisions.own.get(this.#key(row).join(',')) : undefined;
      if (attached.size > 0) context.attached = attached.get(this.#key(row).join(',')) ?? [];
      const start = tuples.position;
      this.#transform.apply(row, context, tuples);
      if (decision?.kind === 'merge') {
        const host = this.#references.get(entity.step)?.keyOf(decision.otherTable, decision.otherId);
        if (host !== undefined) {
          tuples.position = start;
          merges.push({
            legacyId: context.legacyKey,
            targetId: keyText(host),
            rule: decision.rule,
            code: this.#foldedCode(row),
          });
          const [fault] = context.faults;
          if (fault)
            warnings.push({
              legacyId: context.legacyKey,
              column: fault.column,
              reason: `merged although it ${fault.reason}`,
            });
          continue;
        }
      }
      if (decision?.kind === 'duplicate') {
        const column = this.#columnOf(decision);
        context.fault(column, `the same ${column} as ${decision.otherTable} ${decision.otherId}`, 'ERR_005');
        tuples.position = start;
      }
      if (context.faults.length > 0) {
        rejects.push(this.#reject(context.legacyKey, context.faults));
        continue;
      }
      if (decision?.kind === 'same')
        context.warn(
          this.#columnOf(decision),
          `the same company as ${decision.otherTable} ${decision.otherId}; both moved`,
        );
      const tuple = targetKeys.count;
      targetKeys.push(context.targetKey);
      tupleRows[tuple] = i;
      tupleStarts[tuple + 1] = tuples.position;
      if (legacyKeys === null && !this.#tellsLegacyKey(row, context)) {
        legacyKeys = new KeyArray('text');
        for (const text of targetKeys.texts()) if (legacyKeys.count < tuple) legacyKeys.push(text);
      }
      legacyKeys?.push(context.legacyKey);
      if (context.leftovers !== null) kept ??= Array.from({ length: tuple }, () => null);
      kept?.push(context.leftovers);
      if (context.warnings.length > 0)
        for (const { column, reason } of context.warnings)
          warnings.push({ legacyId: context.legacyKey, column, reason });
      for (const { rule, key, legacyId } of context.ensured)
        if (rule.ensures)
          addParent(ensured, rule.ensures, uuidText(key), legacyId, this.#step.settings.runStartIso);
      for (const link of context.links)
        links.push({
          legacyId: context.legacyKey,
          targetId: keyText(context.targetKey),
          column: link.column,
          otherLegacyId: link.legacyId,
        });
    }
    return {
      firstKey: this.#keyAt(chunk, 0),
      lastKey: this.#keyAt(chunk, chunk.rows - 1),
      read: chunk.rows,
      get checksum() {
        if (chunk.bytes !== bytes) throw new Error('the rows that a checksum is of were given back');
        return crc32(bytes);
      },
      bytes: bytes.length,
      columns: this.#transform.columns,
      tuples,
      tupleStarts,
      targetKeys,
      legacyKeys,
      kept,
      rejects,
      warnings,
      merges,
      links,
      ensured: [...ensured.values()],
      rejectTuple: (tuple, fault) => {
        this.#database.locate(chunk, tupleRows[tuple] as number, row);
        return this.#reject(this.#key(row).join(','), [fault]);
      },
    };
  }

  #reject(legacyId: string, faults: Reject['faults']): Reject {
    return { legacyId, faults: [...faults], original: rowAsText(this.#row, this.#source.table.columns) };
  }

  #keyAt(chunk: SourceChunk, index: number): string[] {
    this.#database.locate(chunk, index, this.#row);
    return this.#key(this.#row);
  }

  /** The legacy column of a decision's rule: of a unique column, or the first of a consolidation's match. */
  #columnOf({ rule }: Decision): string {
    const match = this.#step.entity.consolidation?.matches.find((candidate) => candidate.rule === rule);
    return legacyColumn(this.#source, match?.columns[0] ?? rule)?.name ?? rule;
  }

  #foldedCode(row: RawRow): string | null {
    const code = this.#code?.(row);
    return code === null || code === undefined ? null : fold(code);
  }

  /** The documents of the rows that are merged into rows of this chunk, by the latter's legacy id. */
  async #attachments(chunk: SourceChunk): Promise<Map<string, readonly string[]>> {
    const attached = new Map<string, readonly string[]>();
    const { merged } = this.#decisions;
    if (merged.size === 0) return attached;
    const wanted = new Map<string, readonly string[]>();
    for (let i = 0; i < chunk.rows; i++) {
      const id = this.#keyAt(chunk, i).join(',');
      const ids = merged.get(id);
      if (ids) wanted.set(id, ids);
    }
    const documents = await readMerged(this.#step, this.#database, [...wanted.values()].flat(), this.#signal);
    for (const [id, ids] of wanted)
      attached.set(
        id,
        ids.flatMap((other) => documents.get(other) ?? []),
      );
    return attached;
  }

  async #reserve(count: number): Promise<() => bigint> {
    if (this.#sequence === undefined) return () => 0n;
    const { rows } = await this.#client.query<{ number: string }>(
      'select nextval(pg_get_serial_sequence($1, $2)) as number from generate_series(1, $3)',
      [quoteTable(this.#step.entity.table), this.#sequence, count],
    );
    let next = 0;
    return () => BigInt(rows[next++]?.number ?? 0);
  }

  #known(numbers: ReadonlyMap<string, bigint>): () => bigint {
    return () => numbers.get(this.#context.legacyKey) ?? -1n;
  }
}

function keyText(key: Buffer | string): string {
  return typeof key === 'string' ? key : uuidText(key);
}

function addParent(
  ensured: Map<string, EnsuredRow>,
  parent: EnsuredParent,
  key: string,
  legacyId: string,
  runStart: string,
): void {
  const name = `${parent.table}\0${key}`;
  if (ensured.has(name)) return;
  const values = Object.entries(parent.columns).map(([column, value]) => [
    column,
    'legacyId' in value ? legacyId : 'runStart' in value ? runStart : value.constant,
  ]);
  ensured.set(name, {
    table: parent.table,
    keyColumn: parent.key,
    key,
    values: Object.fromEntries(values) as EnsuredRow['values'],
  });
}

/** Reads the code by which rows of the step are referred to. */
function codeReader(step: Step, source: StepSource): TextReader | undefined {
  const column = step.entity.code === undefined ? undefined : legacyColumn(source, step.entity.code);
  return column && textOf(column);
}

/** The legacy column that a target column comes from: the first of its rule that exists. */
function legacyColumn({ plan, table }: StepSource, target: string): SourceColumn | undefined {
  const rule = plan.columns[target];
  const names = rule && 'from' in rule ? [rule.from].flat() : [];
  return names.flatMap((name) => table.columns.find((column) => column.name === name) ?? [])[0];
}
