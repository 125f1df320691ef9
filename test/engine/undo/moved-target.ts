import type { Client } from 'pg';
import { inject } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import { compareFingerprints, fingerprint, type Fingerprint } from '../../../src/backup/fingerprint.js';
import type { Database, Watch } from '../../../src/backup/types.js';
import { parseRunInput } from '../../../src/contract/input.js';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { setDerivedCount } from '../../../src/engine/complete/derived-counts.js';
import { setOwnLinks } from '../../../src/engine/complete/own-links.js';
import { warnOfSoftReferences } from '../../../src/engine/complete/soft-references.js';
import { moveStep } from '../../../src/engine/move-step.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { openPostgresSource } from '../../../src/engine/postgres/source.js';
import type { SourceDatabase } from '../../../src/engine/source/types.js';
import { loadReferences, openStep, type Step } from '../../../src/engine/step.js';
import { surveyStep } from '../../../src/engine/survey/survey-step.js';
import { rebuildObjects } from '../../../src/engine/target/deferred-objects.js';
import type { UndoOptions } from '../../../src/engine/undo/undo-step.js';
import type { Entity } from '../../../src/plan/model.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { findEntity } from '../../../src/plan/order.js';
import { prepareTargetSchema } from '../../../src/prepare/target-schema.js';
import { currentXid, noteFingerprint } from '../../../src/store/fingerprints.js';
import { migrateStore } from '../../../src/store/migrate-store.js';
import { completeStepRow, enterRun } from '../../../src/store/runs.js';
import { createDatabase } from '../../helpers/databases.js';
import { SharedReferences } from '../../../src/engine/references/shared-references.js';

export const ref = { run: 'moved', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };

/** A target into which the engine has moved a whole legacy database, ready to be undone. */
export interface MovedTarget {
  readonly client: Client;
  readonly database: Database;
  readonly backup: Database;
  /** of the plan's tables, before the run */
  readonly before: Fingerprint;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** the one value of the one row */
  value(sql: string, values?: unknown[]): Promise<unknown>;
  /** in what the plan's tables differ from before the run, now */
  differences(): Promise<string[]>;
  /** moves one step again, up to its completion unless told otherwise */
  move(step: string, options?: { complete?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface MovedTargets {
  /** a copy of the moved target, for one test */
  copy(): Promise<MovedTarget>;
  /** the target itself, of which the backup is; it cannot be copied any more */
  original(): Promise<MovedTarget>;
  close(): Promise<void>;
}

export function entityOf(step: string): Entity {
  const entity = findEntity(nxtPlan, step);
  if (!entity) throw new Error(`the plan has no step ${step}`);
  return entity;
}

export function unwatched(): Watch {
  return { signal: new AbortController().signal, progress: () => undefined };
}

export function undoOptions(options: Partial<UndoOptions> = {}): UndoOptions {
  const { signal } = new AbortController();
  return { changedToo: false, pause: signal, signal, progress: () => undefined, ...options };
}

/**
 * Moves a legacy database into a target that has a few rows of its own already, all steps, in small chunks; one step is
 * left in the middle where asked. Each test gets a copy.
 *
 * @param leave a step that is moved and not completed: its indexes and constraints are off
 */
export async function movedTargets(rows: number, leave?: string): Promise<MovedTargets> {
  const [legacy, template, backup] = await Promise.all([
    createDatabase('legacy'),
    createDatabase('moved'),
    createDatabase('backup'),
  ]);
  await seedLegacy({ url: legacy.url, rows });
  await leaveParentsOut(legacy.url);
  const client = await connect({ connectionString: template.url });
  let before: Fingerprint;
  try {
    await prepare(client);
    const xid = await currentXid(client);
    before = await look(template.url);
    await noteFingerprint(client, ref.run, before, xid);
    const { name } = await createBackup({
      target: { label: 'target', config: { connectionString: template.url } },
      backup: { label: 'backup', config: { connectionString: backup.url } },
      tables: nxtPlan.schema.tables,
      run: ref.run,
      now: new Date(ref.startedAt),
      ...unwatched(),
    });
    await client.query('update migration.runs set backup = $1', [name]);
    for (const { step } of nxtPlan.entities)
      await moved(legacy.url, template.url, client, step, step !== leave);
  } finally {
    await client.end();
  }
  const copies: (() => Promise<void>)[] = [];
  return {
    async copy() {
      const copy = await copyOf(template.name, template.url);
      copies.push(copy.close);
      return openMoved(legacy.url, copy.url, backup.url, before, copy.close);
    },
    original: () => openMoved(legacy.url, template.url, backup.url, before, async () => undefined),
    async close() {
      for (const drop of copies) await drop();
      for (const database of [legacy, template, backup]) await database.drop();
    },
  };
}

/** Some price lists come without the one that they hang on. */
async function leaveParentsOut(legacy: string): Promise<void> {
  const client = await connect({ connectionString: legacy });
  try {
    await client.query(
      `update legacy_price_lists set parent_price_list_id = '00000000-0000-4000-8000-000000000000'
       where id in (select id from legacy_price_lists where parent_price_list_id is not null order by id desc limit 2)`,
    );
  } finally {
    await client.end();
  }
}

async function prepare(client: Client): Promise<void> {
  const input = parseRunInput({});
  if ('problems' in input) throw new Error('the input has changed');
  await migrateStore(client);
  await enterRun(client, ref, ref.run, input.settings, nxtPlan.entities);
  await prepareTargetSchema(client, nxtPlan);
  await client.query(`
    insert into warehouses (code, name) values ('OWN', 'Ours already');
    insert into suppliers (supplier_code, company_name, email) values ('OWN', 'Ours already', 'own@example.com');
    insert into products (sku, name) values ('OWN', 'Ours already');
    insert into inventory (product_id, warehouse_id, quantity_available, stock_status)
      select p.id, w.id, 0, 'out_of_stock' from products p, warehouses w`);
  // Some rows of every chunk of customers are refused, which costs each chunk further transactions.
  await client.query(
    // Not to be asked for all rows at once: the bad rows are found one by one, and what is in has come in several COPYs.
    `alter table customers add constraint no_seven
       check (1 / case substr(md5(customer_code), 1, 1) when '7' then 0 else 1 end > 0)`,
  );
}

function look(url: string): Promise<Fingerprint> {
  return fingerprint({
    target: { label: 'target', config: { connectionString: url } },
    tables: nxtPlan.schema.tables,
    ...unwatched(),
  });
}

async function moved(
  legacy: string,
  target: string,
  client: Client,
  name: string,
  complete: boolean,
): Promise<void> {
  const source = await openPostgresSource({ connectionString: legacy });
  try {
    const step = await stepOf(source, client, entityOf(name));
    const { signal } = new AbortController();
    await surveyStep(step, source, client, { rangeRows: 250_000, signal, progress: () => undefined });
    await moveStep(step, {
      database: source,
      connect: () => connect({ connectionString: target }),
      // Several chunks of every step; there are few price lists.
      references: new SharedReferences(),
      limit: { rows: name === 'price-lists' ? 4 : 20, bytes: 1 << 20 },
      pause: signal,
      signal,
      onCommit: () => undefined,
    });
    if (complete) await completed(step, client);
  } finally {
    await source.close();
  }
}

function stepOf(source: SourceDatabase, client: Client, entity: Entity): Promise<Step> {
  const settings = {
    runStartMicros: 0n,
    runStartIso: ref.startedAt,
    sourceTimeZone: 'UTC',
    defaultCountry: 'US',
    ignoredTaxIds: [],
  };
  return openStep({ ref, plan: nxtPlan, entity, settings }, source, client);
}

async function completed(step: Step, client: Client): Promise<void> {
  const { entity, target } = step;
  const own = (await loadReferences(step, client, { own: true })).get(entity.step);
  if (own) await setOwnLinks(client, ref.run, entity, target, own, () => undefined);
  for (const derived of entity.derived ?? [])
    await setDerivedCount(client, ref.run, entity, entityOf(derived.parent), derived);
  for (const soft of entity.softReferences ?? [])
    await warnOfSoftReferences(client, ref.run, entity, target, soft, entityOf(soft.to));
  await rebuildObjects(client, ref.run, entity.table, () => undefined);
  await completeStepRow(client, ref.run, entity.step);
}

async function copyOf(template: string, url: string): Promise<{ url: string; close: () => Promise<void> }> {
  const empty = await createDatabase('copy');
  await empty.drop();
  const server = await connect({ connectionString: inject('postgresUrl') });
  try {
    await server.query(`create database ${empty.name} template ${template}`);
  } finally {
    await server.end();
  }
  return { url: url.replace(template, empty.name), close: () => empty.drop() };
}

async function openMoved(
  legacy: string,
  url: string,
  backup: string,
  before: Fingerprint,
  drop: () => Promise<void>,
): Promise<MovedTarget> {
  const client = await connect({ connectionString: url });
  const query = async (sql: string, values: unknown[] = []) =>
    (await client.query<Record<string, unknown>>(sql, values)).rows;
  return {
    client,
    before,
    database: { label: 'target', config: { connectionString: url } },
    backup: { label: 'backup', config: { connectionString: backup } },
    query,
    value: async (sql, values) => Object.values((await query(sql, values))[0] ?? {})[0],
    differences: async () => compareFingerprints(before, await look(url)).map(({ sentence }) => sentence),
    move: (step, { complete = true } = {}) => moved(legacy, url, client, step, complete),
    async close() {
      await client.end();
      await drop();
    },
  };
}
