import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { inTransaction } from '../../store/transaction.js';
import { ChunkTransformer } from '../chunk-transformer.js';
import { reopenStep } from '../complete/reopen-step.js';
import { keyReader, loadDecisions } from '../decisions.js';
import { RawRow, type SourceChunk } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import { loadReferences, referencedSteps, type Step, type StepSource } from '../step.js';
import type { Decision } from '../survey/settle.js';
import type { PreparedChunk, Reject } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { loadRetry, type LoadedRetry } from './load-retry.js';
import {
  countQuarantined,
  leaveQuarantine,
  lockQuarantined,
  renewReasons,
  type QuarantinedRow,
} from './quarantine.js';
import { reopenLinks } from './reopen-links.js';
import { makeRetryRange, stepOfKind, type RetryKind } from './retry-range.js';
import { findTaken } from './taken-keys.js';

export interface Retry {
  readonly database: SourceDatabase;
  /** opens a connection to the target */
  readonly connect: () => Promise<Client>;
  /** values that a rule refuses are read in wider ways, where these leave no doubt */
  readonly coerceTypes: boolean;
  /** the page in hand is committed, and none is begun */
  readonly pause: AbortSignal;
  /** the page in hand is dropped */
  readonly signal: AbortSignal;
  /** told, and awaited, after each page is in: rows looked at, of how many, and those of them that have moved */
  readonly onCommit: (retried: Retried & { readonly done: number; readonly of: number }) => Promise<void>;
  /** rows of one transaction */
  readonly pageRows?: number;
  readonly at?: PassPoint | undefined;
}

export interface Retried {
  /** rows that have left the quarantine by this call */
  readonly moved: number;
}

/** Bounds what is in hand at one time; a quarantine is small beside its table. */
const pageRows = 1_000;

/**
 * Moves the step's quarantined rows again, as the source has them now; a row that has left the source stays where it is.
 * Rows that pass are in the target, and out of the quarantine, in one transaction a page; the others keep their place
 * there, with what is wrong with them now. May be called again after any crash and beside another call: every row moves
 * once. Unless there was nothing to retry the step is not complete any more, and must be completed again.
 */
export async function retryRejects(step: Step, retry: Retry): Promise<Retried> {
  const client = await retry.connect();
  try {
    const of = await countQuarantined(client, step);
    // Rows that come in now need its completion once more, whoever goes on after a crash.
    if (of > 0) await inTransaction(client, () => reopenStep(client, step.ref, step.entity));
    let [done, moved] = [0, 0];
    for (const source of step.sources) {
      if (retry.pause.aborted || of === 0) break;
      const quarantine = await SourceRetry.open(step, source, client, retry);
      while (!retry.pause.aborted) {
        retry.signal.throwIfAborted();
        const page = await quarantine.retryPage();
        if (page === undefined) break;
        done += page.rows;
        moved += page.moved;
        await retry.onCommit({ done, of, moved });
      }
    }
    retry.signal.throwIfAborted();
    return { moved };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The quarantine of one legacy table. */
class SourceRetry {
  readonly #step: Step;
  readonly #source: StepSource;
  readonly #client: Client;
  readonly #retry: Retry;
  readonly #kind: RetryKind;
  readonly #transformer: ChunkTransformer;
  /** read by the transformer: duplicates of what is taken now, not of what was taken at the survey */
  readonly #decisions: Map<string, Decision>;
  readonly #tuples = new TupleWriter();
  readonly #linksOwn: boolean;
  #after = '0';
  #range: number | undefined;
  #chunk = 0;

  private constructor(
    step: Step,
    source: StepSource,
    client: Client,
    retry: Retry,
    kind: RetryKind,
    decisions: Map<string, Decision>,
    transformer: ChunkTransformer,
  ) {
    this.#step = step;
    this.#source = source;
    this.#client = client;
    this.#retry = retry;
    this.#kind = kind;
    this.#decisions = decisions;
    this.#transformer = transformer;
    this.#linksOwn = referencedSteps(step.entity).includes(step.entity.step);
  }

  static async open(step: Step, source: StepSource, client: Client, retry: Retry): Promise<SourceRetry> {
    const { entity, ref } = step;
    const kind = retry.coerceTypes ? 'coerced-retry' : 'retry';
    const settled = await loadDecisions(client, ref, entity.step, source.plan.table);
    const own = new Map([...settled.own].filter(([, decision]) => decision.kind !== 'duplicate'));
    const transformer = new ChunkTransformer({
      step: stepOfKind(kind, step),
      source,
      database: retry.database,
      client,
      references: await loadReferences(step, client, {
        own: entity.consolidation?.from === source.plan.table,
      }),
      decisions: { own, merged: settled.merged },
      signal: retry.signal,
    });
    return new SourceRetry(step, source, client, retry, kind, own, transformer);
  }

  /** One page in one transaction; undefined when there is none left. */
  async retryPage(): Promise<{ rows: number; moved: number } | undefined> {
    const { at, signal } = this.#retry;
    at?.('before-claim');
    const page = await inTransaction(this.#client, async () => {
      const quarantined = await lockQuarantined(this.#client, this.#step, this.#source, {
        after: this.#after,
        rows: this.#retry.pageRows ?? pageRows,
      });
      const last = quarantined.at(-1);
      if (!last) return undefined;
      const moved = await this.#move(quarantined);
      signal.throwIfAborted();
      at?.('before-commit');
      return { rows: quarantined.length, moved, last: last.id };
    });
    if (page === undefined) return undefined;
    at?.('after-commit');
    this.#after = page.last;
    return page;
  }

  async #move(quarantined: readonly QuarantinedRow[]): Promise<number> {
    const { database, signal } = this.#retry;
    const rows = await database.lookup(
      this.#source.table,
      quarantined.map((row) => row.key),
      signal,
    );
    if (rows.rows === 0) return 0;
    const chunk = await this.#prepare(rows);
    const { moved, refused } = await this.#load(chunk, rows);
    const ids = new Map(quarantined.map((row) => [row.legacyId, row.id]));
    const idOf = (legacyId: string): string => {
      const id = ids.get(legacyId);
      if (id === undefined) throw new Error(`${this.#source.plan.table}: a row that was not asked for came`);
      return id;
    };
    await this.#leave(moved, idOf);
    const still: readonly Reject[] = [...chunk.rejects, ...refused];
    await renewReasons(
      this.#client,
      still.map((reject) => ({ ...reject, id: idOf(reject.legacyId) })),
    );
    return moved.length;
  }

  async #prepare(rows: SourceChunk): Promise<PreparedChunk> {
    const chunk = await this.#transformer.prepare(rows, this.#tuples);
    const taken = await findTaken(this.#client, this.#step, this.#source.plan.table, chunk, legacyIds(chunk));
    if (taken.length === 0) return chunk;
    for (const decision of taken) this.#decisions.set(decision.legacyId, decision);
    return this.#transformer.prepare(rows, this.#tuples);
  }

  async #load(chunk: PreparedChunk, rows: SourceChunk): Promise<LoadedRetry> {
    const ids = legacyIds(chunk);
    if (ids.length + chunk.merges.length === 0) return { moved: [], refused: [] };
    const { step, targetTable, sourceTable, run } = this.#place();
    await this.#client.query('savepoint chunk');
    const range = this.#range ?? (await makeRetryRange(this.#client, this.#step, sourceTable, this.#kind));
    const place = { run, step, sourceTable, targetTable, range, chunk: this.#chunk };
    const loaded = await loadRetry(
      this.#client,
      place,
      chunk,
      ids,
      rows,
      this.#positions(rows),
      this.#retry.at,
    );
    this.#retry.at?.('after-copy');
    if (loaded.moved.length === 0) await this.#client.query('rollback to savepoint chunk');
    else {
      this.#range = range;
      this.#chunk++;
    }
    return loaded;
  }

  #place() {
    const { ref, entity } = this.#step;
    return {
      run: ref.run,
      step: entity.step,
      targetTable: entity.table,
      sourceTable: this.#source.plan.table,
    };
  }

  #positions(rows: SourceChunk): Map<string, number> {
    const row = new RawRow(this.#source.table.columns.length);
    const key = keyReader(this.#source);
    return new Map(
      Array.from({ length: rows.rows }, (_, position) => {
        this.#retry.database.locate(rows, position, row);
        return [key(row).join(','), position];
      }),
    );
  }

  async #leave(moved: readonly string[], idOf: (legacyId: string) => string): Promise<void> {
    if (moved.length === 0) return;
    const { run, step, sourceTable } = this.#place();
    await leaveQuarantine(this.#client, moved.map(idOf), this.#kind);
    // What made it a duplicate at the survey is no more.
    await this.#client.query(
      `delete from migration.decisions
       where run = $1 and step = $2 and source_table = $3 and kind = 'duplicate' and legacy_id = any($4)`,
      [run, step, sourceTable, moved],
    );
    if (this.#linksOwn) await reopenLinks(this.#client, this.#step, moved);
  }
}

/** Of the tuples, in their order. */
function legacyIds({ legacyKeys, targetKeys }: PreparedChunk): string[] {
  return [...(legacyKeys ?? targetKeys).texts()];
}
