import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MigrationError } from '../../../src/contract/errors.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { previewUndo } from '../../../src/engine/undo/preview-undo.js';
import { proveUndone } from '../../../src/engine/undo/prove-undone.js';
import { settleAfterUndo } from '../../../src/engine/undo/settle-after-undo.js';
import { undoStep, type UndoOptions } from '../../../src/engine/undo/undo-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { stepCounts } from '../../../src/store/runs.js';
import {
  entityOf,
  movedTargets,
  ref,
  undoOptions,
  unwatched,
  type MovedTarget,
  type MovedTargets,
} from './moved-target.js';

const childrenFirst = [
  'upload-history',
  'price-list-items',
  'price-lists',
  'inventory',
  'products',
  'suppliers',
  'customers',
];
const priceSteps = ['upload-history', 'price-list-items', 'price-lists'];

let targets: MovedTargets;
beforeAll(async () => {
  targets = await movedTargets(4_000);
});
afterAll(() => targets.close());

/** A copy of the moved target, for one test. */
async function withMoved(test: (target: MovedTarget) => Promise<void>): Promise<void> {
  const target = await targets.copy();
  try {
    await test(target);
  } finally {
    await target.close();
  }
}

const preview = ({ client }: MovedTarget, steps: readonly string[]) =>
  previewUndo(client, ref.run, steps.map(entityOf));
const undo = ({ client }: MovedTarget, step: string, options?: Partial<UndoOptions>) =>
  undoStep(client, ref, entityOf(step), undoOptions(options));
const prove = ({ client, database }: MovedTarget, steps: readonly string[] | null) =>
  proveUndone(client, database, ref.run, nxtPlan, steps, unwatched());

async function undoAll(target: MovedTarget, steps = childrenFirst): Promise<void> {
  for (const step of steps) expect(await undo(target, step)).toMatchObject({ migrated: 0, done: true });
}

async function refusalOf(work: Promise<unknown>): Promise<MigrationError> {
  const error: unknown = await work.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(MigrationError);
  expect((error as MigrationError).code).toBe('ERR_010');
  return error as MigrationError;
}

/** Keys of rows that the run has moved into a table, in order. */
async function movedKeys(target: MovedTarget, step: string, rows: number): Promise<string[]> {
  const found = await target.query(
    `select key::text from (select unnest(target_uuids) as key from migration.lineage where step = $1) l order by 1 limit $2`,
    [step, rows],
  );
  return found.map(({ key }) => String(key));
}

describe('a preview', () => {
  it('tells how many rows would go, and that nobody has touched them, although links and counts were set later', () =>
    withMoved(async (target) => {
      const steps = await preview(target, childrenFirst);
      expect(steps.map(({ step }) => step)).toEqual(childrenFirst);
      for (const { step, table, rows, changed, builtUpon } of steps) {
        const own =
          step === 'inventory' ? await target.value('select count(*)::int from migration.ensured') : 0;
        const { migrated } = await stepCounts(target.client, ref.run, step);
        expect({ table, rows, changed, builtUpon }).toEqual({
          table: entityOf(step).table,
          rows: migrated + Number(own),
          changed: { rows: 0, examples: [] },
          builtUpon: [],
        });
        expect(rows).toBeGreaterThan(0);
      }
      // What makes this worth saying: chunks with several transactions, links that were set, counts that were.
      expect(
        await target.value(`select count(*) > 1 from migration.chunks where cardinality(xids) > 1`),
      ).toBe(true);
      expect(
        await target.value(`select count(*) > 1 from price_lists where parent_price_list_id is not null`),
      ).toBe(true);
      expect(await target.value(`select count(*) > 5 from price_lists where item_count > 0`)).toBe(true);
    }));

  it('names the rows that somebody has changed or deleted since', () =>
    withMoved(async (target) => {
      const [changed, gone] = await movedKeys(target, 'customers', 2);
      const [linked] = await movedKeys(target, 'price-lists', 1);
      const warehouse = await target.value('select target_id from migration.ensured order by 1 limit 1');
      await target.query('update customers set phone = null where id = $1', [changed]);
      await target.query('delete from customers where id = $1', [gone]);
      await target.query('update price_lists set name = name where id = $1', [linked]);
      await target.query(`update warehouses set name = 'ours' where id = $1`, [warehouse]);
      await target.query(`update warehouses set name = 'still ours' where code = 'OWN'`);
      await target.query('vacuum (full, freeze) customers');

      const steps = await preview(target, childrenFirst);
      expect(steps.flatMap(({ step, changed: some }) => (some.rows > 0 ? [[step, some]] : []))).toEqual([
        ['price-lists', { rows: 1, examples: [linked] }],
        ['inventory', { rows: 1, examples: [warehouse] }],
        ['customers', { rows: 2, examples: [changed, gone] }],
      ]);
    }));

  it('names at most five of many, and says nothing of rows whose transactions were not noted', () =>
    withMoved(async (target) => {
      await target.query('update customers set phone = null');
      const [all] = await preview(target, ['customers']);
      expect(all?.changed).toEqual({
        rows: all?.rows,
        examples: await movedKeys(target, 'customers', 5),
      });
      await target.query('update migration.chunks set xids = null');
      expect((await preview(target, ['customers']))[0]?.changed.rows).toBe(0);
    }));

  it('names whose rows refer to rows that would go, wherever they are and whatever their key would do', () =>
    withMoved(async (target) => {
      const [one, two] = await movedKeys(target, 'customers', 2);
      const warehouse = await target.value('select target_id from migration.ensured order by 1 limit 1');
      await target.query(`
        create schema shop;
        create table shop.orders (id serial primary key, customer uuid references customers on delete cascade);
        create table notes (customer uuid references customers, warehouse uuid references warehouses);
        create table codes (code text references suppliers (supplier_code) on delete set null)`);
      await target.query('insert into shop.orders (customer) values ($1), ($1), ($2), (null)', [one, two]);
      await target.query('insert into notes values ($1, $2)', [two, warehouse]);
      await target.query(
        `insert into codes select supplier_code from suppliers order by supplier_code = 'OWN' desc limit 3`,
      );

      const steps = await preview(target, ['inventory', 'suppliers', 'customers']);
      const supplierKeys = expect.arrayContaining([expect.any(String)]) as unknown;
      expect(steps[0]?.builtUpon).toEqual([
        { table: 'notes', constraint: 'notes_warehouse_fkey', rows: 1, examples: [warehouse] },
      ]);
      // The steps that stay are told like anybody else; the supplier of the target's own is not one of ours.
      expect(steps[1]?.builtUpon).toMatchObject([
        { table: 'codes', constraint: 'codes_code_fkey', rows: 2, examples: supplierKeys },
        { table: 'price_lists', rows: (await stepCounts(target.client, ref.run, 'price-lists')).migrated },
        { table: 'products' },
        { table: 'upload_history' },
      ]);
      expect(steps[2]?.builtUpon).toEqual([
        { table: 'notes', constraint: 'notes_customer_fkey', rows: 1, examples: [two] },
        { table: 'shop.orders', constraint: 'orders_customer_fkey', rows: 3, examples: [one, two] },
      ]);
    }));
});

describe('an undo', () => {
  it('of everything leaves the target as it was before, called twice as well', () =>
    withMoved(async (target) => {
      await undoAll(target);
      const proof = { differences: [], othersRows: 0, backup: expect.any(String) as unknown };
      expect(await prove(target, null)).toEqual(proof);
      await undoAll(target);
      expect(await prove(target, null)).toEqual(proof);
      expect(await target.differences()).toEqual([]);
      for (const table of [
        'lineage',
        'chunks',
        'ranges',
        'links',
        'ensured',
        'own_writes',
        'deferred_objects',
      ])
        expect([table, await target.value(`select count(*)::int from migration.${table}`)]).toEqual([
          table,
          0,
        ]);
      expect(
        await target.value('select count(*)::int from migration.rejects where resolved_at is null'),
      ).toBe(0);
    }));

  it('pauses after the chunk in hand, tells what is left, and goes on from there', () =>
    withMoved(async (target) => {
      await undoAll(target, priceSteps.slice(0, 2));
      const whole = await stepCounts(target.client, ref.run, 'customers');
      const pause = new AbortController();
      const reports: { done: number; of: number | null }[] = [];
      const paused = await undo(target, 'customers', {
        pause: pause.signal,
        progress: (report) => {
          reports.push(report);
          expect(report.counts.migrated).toBe(whole.migrated - report.done);
          if (reports.length === 2) pause.abort();
        },
      });
      expect(reports).toHaveLength(2);
      expect(paused).toMatchObject({ done: false, migrated: whole.migrated - (reports[1]?.done ?? 0) });
      expect(paused.migrated).toBeGreaterThan(0);
      expect(await target.value('select count(*)::int from customers')).toBe(paused.migrated);
      // Nobody who finds it like this takes it for complete.
      expect(await target.query(`select state from migration.step_states where step = 'customers'`)).toEqual([
        { state: 'running' },
      ]);
      await refusalOf(prove(target, ['customers']));
      expect((await preview(target, ['customers']))[0]).toMatchObject({
        rows: paused.migrated,
        changed: { rows: 0 },
      });

      const early = await undo(target, 'customers', { pause: pause.signal });
      expect(early).toEqual({ ...paused, done: false });
      await undoAll(target, ['customers']);
      expect((await prove(target, ['customers'])).differences).toEqual([]);
    }));

  it('whose connection is lost in the middle of a chunk has taken back whole chunks only, and goes on', () =>
    withMoved(async (target) => {
      const whole = await stepCounts(target.client, ref.run, 'customers');
      const other = await connect(target.database.config);
      let chunks = 0;
      const cut = undoStep(other, ref, entityOf('customers'), {
        ...undoOptions(),
        at: (point) => {
          if (point === 'in-undo' && ++chunks === 3) other.connection.stream.destroy();
        },
      });
      await expect(cut).rejects.toThrow(/connection|terminated/i);
      const left = await stepCounts(target.client, ref.run, 'customers');
      expect(left.migrated).toBeGreaterThan(0);
      expect(left.migrated).toBeLessThan(whole.migrated);
      expect(await target.value('select count(*)::int from customers')).toBe(left.migrated);
      await undoAll(target, ['customers']);
      expect((await prove(target, ['customers'])).differences).toEqual([]);
    }));

  it('takes back rows that refer to each other, in whatever chunks they are', () =>
    withMoved(async (target) => {
      await undoAll(target, priceSteps.slice(0, 2));
      // The first chunk's rows hang on rows of the last one, which goes first.
      // As the run sets them.
      await target.query(
        `with keys as (select range, chunk, unnest(target_uuids) as key from migration.lineage where step = 'price-lists'),
         noted as (insert into migration.own_writes values ('moved', 'price-lists', txid_current() & 4294967295))
         update price_lists p set parent_price_list_id = (select key from keys order by range desc, chunk desc limit 1)
         from keys k where k.key = p.id and k.chunk = 0`,
      );
      const pause = new AbortController();
      const paused = await undo(target, 'price-lists', {
        pause: pause.signal,
        progress: () => pause.abort(),
      });
      expect(paused).toMatchObject({ done: false });
      await undoAll(target, ['price-lists']);
      expect((await prove(target, ['price-lists'])).differences).toEqual([]);
    }));

  it('puts rows that a retry had moved back into the quarantine before it takes back the rest', () =>
    withMoved(async (target) => {
      const [reject] = await target.query(
        `select id, source_table, legacy_id from migration.rejects where step = 'customers' order by id limit 1`,
      );
      const retried = [reject?.['source_table'], reject?.['legacy_id']];
      await target.query(
        `insert into migration.ranges (run, step, source_table, range, kind, rows, done_at)
         values ('moved', 'customers', $1, 7, 'retry', 0, now())`,
        retried.slice(0, 1),
      );
      await target.query(
        `with row as (
           insert into customers (customer_code, company_name, email) values ('R', 'Retried', 'r@e.x') returning id
         ), chunk as (
           insert into migration.chunks (run, step, source_table, range, chunk, first_key, last_key, read, migrated, merged,
             rejected, warnings, checksum, bytes)
           values ('moved', 'customers', $1, 7, 0, array[$2], array[$2], 0, 1, 0, -1, 0, 0, 0)
         ), resolved as (
           update migration.rejects set resolved_at = now(), resolution = 'moved again' where source_table = $1 and legacy_id = $2
         )
         insert into migration.lineage (run, step, source_table, range, chunk, target_table, target_uuids, legacy_keys)
         select 'moved', 'customers', $1, 7, 0, 'customers', array[id], array[$2] from row`,
        retried,
      );
      const before = await stepCounts(target.client, ref.run, 'customers');
      const pause = new AbortController();
      const paused = await undo(target, 'customers', {
        pause: pause.signal,
        progress: () => pause.abort(),
      });
      expect(paused).toMatchObject({ migrated: before.migrated - 1, rejected: before.rejected + 1 });
      const resolution = () =>
        target.value('select resolution from migration.rejects where id = $1', [reject?.['id']]);
      expect(await resolution()).toBeNull();
      await undoAll(target, ['customers']);
      expect(await resolution()).toBe('rolled back');
      expect((await prove(target, ['customers'])).differences).toEqual([]);
    }));

  it.each([
    ['no action', 'refuses'],
    ['restrict', 'refuses'],
    ['cascade', 'would delete it'],
    ['set null', 'would change it'],
    ['set default', 'would change it'],
  ])('never takes along a row of others, where its key says on delete %s and so %s', (action) =>
    withMoved(async (target) => {
      const [key] = await movedKeys(target, 'customers', 1);
      await target.query(`
        create schema shop;
        create table shop.orders (customer uuid references customers on delete ${action})`);
      await target.query('insert into shop.orders values ($1)', [key]);
      const error = await refusalOf(undo(target, 'customers'));
      expect(error.message).toContain('1 row of shop.orders');
      expect(error.message).toContain('orders_customer_fkey');
      expect(error.message).toContain(key);
      expect(error.next).toContain('shop.orders');
      expect(await target.query('select customer from shop.orders')).toEqual([{ customer: key }]);
      await target.query('delete from shop.orders');
      await undoAll(target, ['customers']);
      expect((await prove(target, ['customers'])).differences).toEqual([]);
    }),
  );

  it('leaves a parent that it made while others refer to it', () =>
    withMoved(async (target) => {
      const warehouse = await target.value('select target_id from migration.ensured order by 1 limit 1');
      await target.query('create table shelves (warehouse uuid references warehouses on delete cascade)');
      await target.query('insert into shelves values ($1)', [warehouse]);
      const error = await refusalOf(undo(target, 'inventory'));
      expect(error.message).toContain('1 row of shelves');
      expect(await target.value('select count(*)::int from shelves')).toBe(1);
      await refusalOf(prove(target, ['inventory']));
      await target.query('delete from shelves');
      await undoAll(target, ['inventory']);
      expect((await prove(target, ['inventory'])).differences).toEqual([]);
    }));

  it('does not take along a row of others in the same table', () =>
    withMoved(async (target) => {
      await undoAll(target, priceSteps.slice(0, 2));
      const [parent] = await movedKeys(target, 'price-lists', 1);
      await target.query(
        `insert into price_lists (supplier_id, name, effective_date, parent_price_list_id)
         select id, 'Theirs', '2025-01-01', $1 from suppliers where supplier_code = 'OWN'`,
        [parent],
      );
      expect((await preview(target, ['price-lists']))[0]?.builtUpon).toMatchObject([
        { table: 'price_lists', rows: 1, examples: [parent] },
      ]);
      const error = await refusalOf(undo(target, 'price-lists'));
      expect(error.message).toContain('1 row of price_lists');
      await target.query(`update price_lists set parent_price_list_id = null where name = 'Theirs'`);
      await undoAll(target, ['price-lists']);
      expect(await target.query('select name from price_lists')).toEqual([{ name: 'Theirs' }]);
    }));

  it('accepts a step that never wrote anything, also without its table', () =>
    withMoved(async (target) => {
      await undoAll(target, ['customers']);
      await target.query('drop table customers');
      await undoAll(target, ['customers']);
      await target.query('drop table inventory');
      expect((await refusalOf(undo(target, 'inventory'))).message).toContain('no table inventory any more');
    }));
});

describe('an undo that is given up half way', () => {
  /** All that is noted of a step's rows, and the rows. Keys that the target gives out differ from move to move. */
  const notes = async (target: MovedTarget, step: string) => ({
    counts: await stepCounts(target.client, ref.run, step),
    chunks: await target.query(
      `select source_table, range, chunk, first_key, last_key, read, migrated, merged, rejected, warnings
       from migration.chunks where step = $1 order by 1, 2, 3`,
      [step],
    ),
    warnings: await target.query(
      `select legacy_table, range, chunk, legacy_id, column_name, reason from migration.warnings where step = $1 order by 1, 4, 5, 6`,
      [step],
    ),
    merges: await target.query(
      `select legacy_table, range, chunk, legacy_id, target_id, rule, code from migration.merges where step = $1 order by 1, 4`,
      [step],
    ),
    links: await target.query(
      `select legacy_table, range, chunk, legacy_id, target_id, column_name, other_legacy_id, resolved
       from migration.links where step = $1 order by 1, 4, 6`,
      [step],
    ),
    rejects: await target.query(
      `select legacy_table, range, chunk, legacy_id, codes, reason from migration.rejects
       where step = $1 and resolved_at is null order by 1, 4`,
      [step],
    ),
    parents: await target.query(`select id, parent_price_list_id from price_lists order by id`),
  });

  /** Takes back so many chunks of a step. */
  async function undoSome(target: MovedTarget, step: string, chunks: number): Promise<void> {
    const pause = new AbortController();
    const told: object[] = [];
    const part = await undo(target, step, {
      pause: pause.signal,
      progress: ({ counts }) => {
        if (told.push(counts) === chunks) pause.abort();
      },
    });
    expect(part).toEqual({ ...told.at(-1), done: false });
  }

  it.each([1, 2, 3, 5])('after chunk %i of suppliers can be moved again, as if nothing had been', (chunks) =>
    withMoved(async (target) => {
      const before = await notes(target, 'suppliers');
      expect(before.merges.length).toBeGreaterThan(0);
      expect(before.warnings.length).toBeGreaterThan(0);
      expect(before.chunks.length).toBeGreaterThan(chunks);
      await undoAll(target, priceSteps);
      await undoAll(target, ['inventory', 'products']);
      await undoSome(target, 'suppliers', chunks);
      const half = await notes(target, 'suppliers');
      expect(half.counts.merged).toBe(half.merges.length);
      expect(half.counts.warnings).toBe(half.warnings.length);
      await target.move('suppliers');
      expect({ ...(await notes(target, 'suppliers')), parents: [] }).toEqual({ ...before, parents: [] });
    }),
  );

  it.each([1, 2])(
    'after chunk %i of price lists can be moved again, with their links and warnings',
    (chunks) =>
      withMoved(async (target) => {
        const before = await notes(target, 'price-lists');
        expect(new Set(before.links.map(({ resolved }) => resolved))).toEqual(new Set([true, false]));
        expect(before.chunks.length).toBeGreaterThan(chunks);
        await undoAll(target, priceSteps.slice(0, 2));
        await undoSome(target, 'price-lists', chunks);
        await target.move('price-lists');
        // Their number of items is counted with these.
        await target.move('price-list-items');
        expect(await notes(target, 'price-lists')).toEqual(before);
      }),
  );
});

describe('a row that others have changed since the preview', () => {
  const keysOfChunks = async (target: MovedTarget, step: string) => {
    const chunks = await target.query(
      `select target_uuids::text[] as keys from migration.lineage where step = $1 order by source_table, range, chunk`,
      [step],
    );
    return chunks.map(({ keys }) => keys as string[]);
  };

  it('ends the undo at its chunk, which stays whole, is named, and goes when that is confirmed', () =>
    withMoved(async (target) => {
      const [first = [], second = []] = await keysOfChunks(target, 'customers');
      const [one, two] = first.slice(0, 2).toSorted();
      const pause = new AbortController();
      await undo(target, 'customers', { pause: pause.signal, progress: () => pause.abort() });
      await target.query('update customers set phone = null where id in ($1, $2)', [one, two]);
      await target.query('delete from customers where id = $1', [second[0]]);
      for (const _ of ['once', 'twice'])
        expect(await refusalOf(undo(target, 'customers'))).toMatchObject({
          transient: false,
          message: `2 rows of customers were changed by others since the run wrote them (${one}, ${two}).`,
          next: expect.stringContaining('confirmChanged') as unknown,
        });
      expect(await keysOfChunks(target, 'customers')).toEqual([first]);
      expect(await target.value('select count(*)::int from customers')).toBe(first.length);
      await undo(target, 'customers', { changedToo: true });
      expect((await prove(target, ['customers'])).differences).toEqual([]);
    }));

  it('is one of five that are named of many, and goes where the transactions of its chunk were not noted', () =>
    withMoved(async (target) => {
      await target.query('update customers set phone = null');
      const last = (await keysOfChunks(target, 'customers')).at(-1) ?? [];
      expect((await refusalOf(undo(target, 'customers'))).message).toBe(
        `${last.length} rows of customers were changed by others since the run wrote them (${last.toSorted().slice(0, 5).join(', ')}, …).`,
      );
      await target.query('update migration.chunks set xids = null');
      await undoAll(target, ['customers']);
    }));

  it('is waited for while it is being changed', () =>
    withMoved(async (target) => {
      const [last] = (await keysOfChunks(target, 'customers')).at(-1) ?? [];
      const other = await connect(target.database.config);
      const watcher = await connect(target.database.config);
      await other.query('begin');
      await other.query('update customers set phone = null where id = $1', [last]);
      const refused = refusalOf(undo(target, 'customers'));
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      while ((await watcher.query(waiting)).rowCount === 0) await setTimeout(10);
      await other.query('commit');
      await Promise.all([other.end(), watcher.end()]);
      expect((await refused).message).toBe(
        `1 row of customers was changed by others since the run wrote it (${last}).`,
      );
      expect(await target.value('select phone is null from customers where id = $1', [last])).toBe(true);
    }));

  it('is found before the run itself changes it on the way, also when it is just being changed', () =>
    withMoved(async (target) => {
      await undoAll(target, priceSteps.slice(0, 2));
      const linked = await target.value(
        'select id from price_lists where parent_price_list_id is not null order by id limit 1',
      );
      const other = await connect(target.database.config);
      const watcher = await connect(target.database.config);
      await other.query('begin');
      await other.query(`update price_lists set name = 'Changed' where id = $1`, [linked]);
      const refused = refusalOf(undo(target, 'price-lists'));
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      while ((await watcher.query(waiting)).rowCount === 0) await setTimeout(10);
      await other.query('commit');
      await Promise.all([other.end(), watcher.end()]);
      const message = `1 row of price_lists was changed by others since the run wrote it (${String(linked)}).`;
      expect((await refused).message).toBe(message);
      expect((await refusalOf(undo(target, 'price-lists'))).message).toBe(message);
      expect(
        await target.value('select parent_price_list_id is not null from price_lists where id = $1', [
          linked,
        ]),
      ).toBe(true);
      await undo(target, 'price-lists', { changedToo: true });
      expect((await prove(target, ['price-lists'])).differences).toEqual([]);
    }));

  it('may be a parent that the run made', () =>
    withMoved(async (target) => {
      const warehouse = await target.value('select target_id from migration.ensured order by 1 limit 1');
      await target.query(`update warehouses set name = 'ours' where id = $1`, [warehouse]);
      expect((await refusalOf(undo(target, 'inventory'))).message).toBe(
        `1 row of warehouses was changed by others since the run wrote it (${String(warehouse)}).`,
      );
      expect(await target.value('select name from warehouses where id = $1', [warehouse])).toBe('ours');
      await undo(target, 'inventory', { changedToo: true });
      expect((await prove(target, ['inventory'])).differences).toEqual([]);
    }));

  it('is found in a table of partitions too', () =>
    withMoved(async (target) => {
      const rows = await target.value('select count(*)::int from customers');
      await target.query(`
        create table customers_parts (like customers, primary key (id)) partition by hash (id);
        create table customers_part partition of customers_parts for values with (modulus 1, remainder 0);
        insert into customers_parts select * from customers;
        alter table customers rename to customers_once;
        alter table customers_parts rename to customers`);
      await refusalOf(undo(target, 'customers'));
      expect(await target.value('select count(*)::int from customers')).toBe(rows);
      await undo(target, 'customers', { changedToo: true });
      expect(await target.value('select count(*)::int from customers')).toBe(0);
    }));
});

describe('a selective undo', () => {
  it('leaves the steps that stay with counts and warnings that are right, and can be moved again', () =>
    withMoved(async (target) => {
      const figures = () =>
        target.query(`select (select sum(item_count)::int from price_lists) as counted,
          (select count(*)::int from price_list_items) as items,
          (select count(*)::int from migration.warnings where step = 'price-lists' and column_name = 'item_count') as warnings`);
      const [before] = await figures();
      expect(before?.['counted']).toBe(before?.['items']);
      expect(before?.['items']).toBeGreaterThan(0);

      await undoAll(target, ['price-list-items']);
      const kept = childrenFirst.filter((step) => step !== 'price-list-items').map(entityOf);
      for (const _ of ['once', 'twice'])
        await settleAfterUndo(target.client, ref.run, [entityOf('price-list-items')], kept);
      expect(await figures()).toEqual([{ counted: 0, items: 0, warnings: 0 }]);
      expect(await prove(target, ['price-list-items'])).toMatchObject({ differences: [], othersRows: 0 });
      // Its own change of the counts is nobody else's.
      expect((await preview(target, ['price-lists']))[0]?.changed.rows).toBe(0);

      await target.move('price-list-items', { complete: false });
      expect(await target.value('select count(*)::int from migration.deferred_objects')).toBeGreaterThan(0);
      await undoAll(target, ['price-list-items']);
      await target.move('price-list-items');
      expect(await figures()).toEqual([before]);
    }));

  it('warns of codes that named undone rows', () =>
    withMoved(async (target) => {
      const unknown = () =>
        target.value(
          `select count(*)::int from migration.warnings where step = 'price-list-items' and column_name = 'sku'`,
        );
      await undoAll(target, ['inventory', 'products']);
      await settleAfterUndo(
        target.client,
        ref.run,
        ['inventory', 'products'].map(entityOf),
        priceSteps.map(entityOf),
      );
      expect(await unknown()).toBe((await stepCounts(target.client, ref.run, 'price-list-items')).migrated);
      expect(await prove(target, ['products', 'inventory'])).toMatchObject({
        differences: [],
        othersRows: 0,
      });
    }));
});

describe('a proof', () => {
  it('tells what is not as before, counts the rows of others, and lets their sequence be', () =>
    withMoved(async (target) => {
      await undoAll(target);
      await target.query(`
        insert into inventory (product_id, warehouse_id, quantity_available, stock_status)
          select product_id, warehouse_id, 0, 'theirs' from inventory;
        update warehouses set name = 'changed since' where code = 'OWN'`);
      const proof = await prove(target, null);
      expect(proof.othersRows).toBe(2);
      expect(proof.differences).toEqual([
        'Table warehouses still has 1 rows, but their contents have changed.',
        'Table inventory had 1 rows and now has 2.',
        expect.stringMatching(
          /^Sequence .*inventory_id_seq.* of table inventory was at 1 and now is at \d+\.$/,
        ),
      ]);
      // Set back, it would give out numbers that are taken.
      await target.query(`insert into inventory (product_id, warehouse_id, quantity_available, stock_status)
        select product_id, warehouse_id, 0, 'theirs' from inventory limit 1`);
      await target.query(`delete from inventory where stock_status = 'theirs'`);
      expect((await prove(target, null)).differences).toHaveLength(1);
    }));

  it('leaves out what a step that stays has made in a table', () =>
    withMoved(async (target) => {
      await target.query(`update migration.ensured set step = 'customers'`);
      await undoAll(target, ['inventory']);
      expect((await prove(target, ['inventory'])).differences).toEqual([]);
    }));
});
