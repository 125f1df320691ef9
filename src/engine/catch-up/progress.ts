import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import type { Entity } from '../../plan/model.js';
import { reopenStep } from '../complete/reopen-step.js';
import type { Step } from '../step.js';
import type { Changes, LeftRow } from './changes.js';
import type { StoredChunk } from './stored-chunk.js';

export interface Position {
  readonly sourceTable: string;
  readonly range: number;
  readonly chunk: number;
}

/** How far a catch-up is with one step, in the target: written with what it does there. */
export class CatchUpProgress {
  readonly #client: Client;
  readonly #step: Step;
  readonly #number: number;
  readonly #reopens: readonly Entity[];
  #reopened = false;

  private constructor(client: Client, step: Step, number: number, reopens: readonly Entity[]) {
    this.#client = client;
    this.#step = step;
    this.#number = number;
    this.#reopens = reopens;
  }

  /** `reopens`: steps that are not complete any more once a row has changed: they are caught up behind this one. */
  static async open(
    client: Client,
    step: Step,
    number: number,
    reopens: readonly Entity[],
  ): Promise<CatchUpProgress> {
    await client.query(
      `insert into migration.catch_ups (run, number, step) select $1, $2, unnest($3::text[]) on conflict do nothing`,
      [step.ref.run, number, reopens.map((entity) => entity.step)],
    );
    return new CatchUpProgress(client, step, number, reopens);
  }

  /** Before its first chunk: what a catch-up before has left as it was is looked at anew. */
  async forgetLeft(): Promise<void> {
    await this.#client.query(
      `delete from migration.differences
       where run = $1 and step = $2 and kind in ('changed-by-others', 'built-upon')`,
      [this.#step.ref.run, this.#step.entity.step],
    );
  }

  /** What an attempt before this one has left. */
  async state(): Promise<Changes & { readonly position: Position | null; readonly done: boolean }> {
    const { rows } = await this.#client.query<
      Record<keyof Changes, string> & {
        sourceTable: string | null;
        range: number;
        chunk: number;
        done: boolean;
      }
    >(
      `select source_table as "sourceTable", range, chunk, inserted, updated, deleted, done_at is not null as done
       from migration.catch_ups where run = $1 and number = $2 and step = $3`,
      this.#key(),
    );
    const row = rows[0];
    if (!row) throw new Error(`the catch-up ${this.#number} of ${this.#step.entity.step} was not begun`);
    const { sourceTable, range, chunk, done } = row;
    return {
      inserted: Number(row.inserted),
      updated: Number(row.updated),
      deleted: Number(row.deleted),
      position: sourceTable === null ? null : { sourceTable, range, chunk },
      done,
    };
  }

  /** In the transaction of a chunk that has changed. */
  async changed(chunk: StoredChunk, { inserted, updated, deleted }: Changes): Promise<void> {
    await this.reopen();
    await this.#client.query(
      `update migration.catch_ups set source_table = $4, range = $5, chunk = $6, inserted = inserted + $7,
         updated = updated + $8, deleted = deleted + $9
       where run = $1 and number = $2 and step = $3`,
      [...this.#key(), chunk.sourceTable, chunk.range, chunk.chunk, inserted, updated, deleted],
    );
  }

  /** The chunks up to this one are done. */
  async passed(chunk: StoredChunk): Promise<void> {
    await this.#client.query(
      'update migration.catch_ups set source_table = $4, range = $5, chunk = $6 where run = $1 and number = $2 and step = $3',
      [...this.#key(), chunk.sourceTable, chunk.range, chunk.chunk],
    );
  }

  /** In the open transaction: what a verification or a catch-up before has said of these rows is of the past. */
  async note(chunk: StoredChunk, legacyIds: readonly string[], left: readonly LeftRow[]): Promise<void> {
    const { ref, entity } = this.#step;
    await this.#client.query(
      'delete from migration.differences where run = $1 and step = $2 and legacy_table = $3 and legacy_id = any($4)',
      [ref.run, entity.step, chunk.sourceTable, [...legacyIds, ...left.map((row) => row.legacyId)]],
    );
    await this.#client.query(
      `insert into migration.differences (run, step, legacy_table, legacy_id, target_id, kind, what)
       select $1, $2, $3, d.* from unnest($4::text[], $5::text[], $6::text[], $7::text[]) d`,
      [
        ref.run,
        entity.step,
        chunk.sourceTable,
        ...(['legacyId', 'targetId', 'kind', 'what'] as const).map((field) => left.map((row) => row[field])),
      ],
    );
  }

  /** In the open transaction. */
  async reopen(): Promise<void> {
    if (this.#reopened) return;
    for (const entity of this.#reopens) await reopenStep(this.#client, this.#step.ref, entity);
    await this.#client.query(
      'update migration.step_states set differences = null where run = $1 and step = $2 and differences is not null',
      [this.#step.ref.run, this.#step.entity.step],
    );
  }

  /** A transaction with `reopen` in it was committed. */
  committed(): void {
    this.#reopened = true;
  }

  async finish(source: number): Promise<void> {
    const { ref, entity } = this.#step;
    await this.#client.query(
      'update migration.step_states set source = $3 where run = $1 and step = $2 and source is distinct from $3',
      [ref.run, entity.step, source],
    );
    await this.#client.query(
      'update migration.catch_ups set done_at = now() where run = $1 and number = $2 and step = $3',
      this.#key(),
    );
  }

  /** Rows that were left as they are, and whether the step is complete as it was before. */
  async answer(): Promise<{ readonly left: number; readonly completed: boolean }> {
    const { ref, entity } = this.#step;
    const { rows } = await this.#client.query<{ left: number; completed: boolean }>(
      `select state = 'completed' as completed, (
         select count(distinct (legacy_table, legacy_id))::int from migration.differences d
         where d.run = s.run and d.step = s.step and d.kind in ('changed-by-others', 'built-upon')
       ) as left
       from migration.step_states s where run = $1 and step = $2`,
      [ref.run, entity.step],
    );
    const row = rows[0];
    if (!row) throw new Error(`the run has no step ${entity.step}`);
    return row;
  }

  #key(): unknown[] {
    return [this.#step.ref.run, this.#number, this.#step.entity.step];
  }
}

/** The latest catch-up of a run. */
export interface LatestCatchUp {
  readonly number: number;
  /** steps that are yet to be caught up, or to be completed again after it */
  readonly steps: readonly string[];
  /** of these, those that have all their rows: the others were being undone, and must be moved first */
  readonly ready: readonly string[];
}

/** Null when there was none. */
export async function latestCatchUp(client: Client, ref: RunRef): Promise<LatestCatchUp | null> {
  const { rows } = await client.query<LatestCatchUp>(
    `select c.number, coalesce(array_agg(c.step order by s.position) filter (where c.done_at is null or s.state <> 'completed'), '{}') as steps,
       coalesce(array_agg(c.step order by s.position) filter (
         where (c.done_at is null or s.state <> 'completed') and not exists (
           select from migration.ranges r
           where r.run = c.run and r.step = c.step and r.kind = 'key' and r.done_at is null)), '{}') as ready
     from migration.catch_ups c join migration.step_states s using (run, step)
     where c.run = $1 group by c.number order by c.number desc limit 1`,
    [ref.run],
  );
  return rows[0] ?? null;
}
