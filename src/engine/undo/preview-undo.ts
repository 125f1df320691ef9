import type { Client } from 'pg';
import type { Entity } from '../../plan/model.js';
import { inTransaction } from '../../store/transaction.js';
import { describeTarget } from '../target/describe-target.js';
import { findBuiltUpon, type SomeRows } from './built-upon.js';
import { findChangedParents, findChangedRows } from './changed-rows.js';
import { foreignKeysTo } from './foreign-keys-to.js';
import { parentsOfStep, rowsOfStep, type RowsThatGo } from './rows-that-go.js';

/** What undoing a step would take back, and who would notice. */
export interface StepPreview {
  readonly step: string;
  readonly table: string;
  /** rows of the run that would go, those made as parents included */
  readonly rows: number;
  /** of these, rows that somebody else has changed or deleted since */
  readonly changed: SomeRows;
  /** rows that stay and refer to rows that would go; keys are those of the rows referred to */
  readonly builtUpon: readonly (SomeRows & { readonly table: string; readonly constraint: string })[];
}

/** From so many rows on it is quicker to read whole tables than to look the rows up, which the planner cannot know. */
const manyRows = 10_000;

/** What undoing these steps together would take back, as of one instant, in the order given. Writes nothing. */
export async function previewUndo(
  client: Client,
  run: string,
  entities: readonly Entity[],
): Promise<StepPreview[]> {
  return inTransaction(client, async () => {
    await client.query('set transaction isolation level repeatable read, read only');
    // Sets of keys are hashed whole; compiling the few statements would take longer than running most of them.
    await client.query(`select set_config('work_mem', '64MB', true), set_config('jit', 'off', true)`);
    const steps = [];
    for (const entity of entities) steps.push(await openedStep(client, run, entity));
    const going = steps.flatMap(({ rows, parents }) => [...rows, ...parents]);
    const previews: StepPreview[] = [];
    for (const step of steps) previews.push(await previewStep(client, run, step, going));
    return previews;
  });
}

interface OpenedStep {
  readonly entity: Entity;
  /** none: the target has no such table, so that nothing is left to take back */
  readonly rows: readonly RowsThatGo[];
  readonly parents: readonly RowsThatGo[];
}

async function openedStep(client: Client, run: string, entity: Entity): Promise<OpenedStep> {
  const target = await describeTarget(client, entity.table);
  return {
    entity,
    rows: target ? [rowsOfStep(target, run, entity.step)] : [],
    parents: await parentsOfStep(client, run, entity.step),
  };
}

async function previewStep(
  client: Client,
  run: string,
  { entity, rows, parents }: OpenedStep,
  going: readonly RowsThatGo[],
): Promise<StepPreview> {
  const count = await countRows(client, run, entity.step);
  await client.query(`select set_config('enable_nestloop', $1, true)`, [count < manyRows ? 'on' : 'off']);
  const changed: SomeRows[] = [];
  for (const { target } of rows) changed.push(await findChangedRows(client, run, entity.step, target));
  for (const { target } of parents) changed.push(await findChangedParents(client, run, entity.step, target));
  const builtUpon: StepPreview['builtUpon'][number][] = [];
  for (const part of [...rows, ...parents])
    for (const key of await foreignKeysTo(client, part.target.name)) {
      const alsoGo = going.filter(({ target }) => target.name.replace(/^public\./, '') === key.childTable);
      const found = await findBuiltUpon(client, part, key, alsoGo);
      if (found.rows > 0) builtUpon.push({ table: key.childTable, constraint: key.name, ...found });
    }
  return {
    step: entity.step,
    table: entity.table,
    rows: count,
    changed: {
      rows: changed.reduce((sum, some) => sum + some.rows, 0),
      examples: changed.flatMap(({ examples }) => examples).slice(0, 5),
    },
    builtUpon,
  };
}

async function countRows(client: Client, run: string, step: string): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(
    `select (
       select coalesce(sum(coalesce(cardinality(target_uuids), cardinality(target_bigints), cardinality(target_texts))), 0)
       from migration.lineage where run = $1 and step = $2
     ) + (select count(*) from migration.ensured where run = $1 and step = $2) as rows`,
    [run, step],
  );
  return Number(rows[0]?.rows ?? 0);
}
