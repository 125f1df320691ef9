import { expect, test } from 'vitest';
import type { FaultPoint } from '../../../src/observe/fault-point.js';
import { SourceChanges } from './change-source.js';
import { expectFresh } from './expect-fresh.js';
import { customers, target, withMoved } from './with-moved.js';

test.each<FaultPoint>(['in-catch-up', 'chunk-caught-up'])(
  'an attempt that ends at %s, again and again, is gone on with: every change is made once',
  { timeout: 300_000 },
  (point) =>
    withMoved(async ({ run, legacy, legacyUrl }) => {
      await new SourceChanges(legacy, 70).all();
      let crashes = 0;
      for (let survived = 1; ; survived += 2) {
        let left = survived;
        const attempt = run.catchUp({
          number: 1,
          at: (passed) => {
            if (passed === point && --left === 0) throw new Error('crashed');
          },
        });
        const crashed = await attempt.then(
          () => false,
          (error: unknown) => {
            if (!(error instanceof Error && error.message === 'crashed')) throw error;
            return true;
          },
        );
        if (!crashed) break;
        crashes++;
      }
      expect(crashes).toBeGreaterThan(1);
      await expectFresh(run, legacyUrl);
    }),
);

test('a pause ends it behind the chunk in hand, and it goes on there', { timeout: 300_000 }, () =>
  withMoved(async ({ run, legacy, legacyUrl }) => {
    await new SourceChanges(legacy, 71).all();
    let pauses = 0;
    for (;;) {
      const pause = new AbortController();
      const answers = await run.catchUp({
        number: 1,
        pause: pause.signal,
        at: (point) => {
          if (point === 'chunk-caught-up') pause.abort();
        },
      });
      if ([...answers.values()].every(({ done }) => done) && answers.size === 7) break;
      pauses++;
    }
    expect(pauses).toBeGreaterThan(5);
    await expectFresh(run, legacyUrl);
  }),
);

test('two attempts side by side do no harm', { timeout: 300_000 }, () =>
  withMoved(async ({ run, legacy, legacyUrl }) => {
    await new SourceChanges(legacy, 72).customers();
    const [one, other] = await Promise.all([
      run.attempt('customers', { number: 1 }),
      run.attempt('customers', { number: 1 }),
    ]);
    expect(one).toEqual(other);
    expect(one.inserted).toBeGreaterThan(0);
    await run.catchUp({ number: 1 });
    await expectFresh(run, legacyUrl);
  }),
);

test('a rollback behind it leaves the target as it was before the run', { timeout: 300_000 }, () =>
  withMoved(
    async ({ run, legacy }) => {
      const definitions = (await run.contents())['indexes and constraints'];
      await new SourceChanges(legacy, 73).all();
      await run.catchUp();
      await new SourceChanges(legacy, 74).all();
      await run.catchUp();
      await run.undoAll();
      const contents = await run.contents();
      expect(contents['indexes and constraints']).toEqual(definitions);
      for (const table of [
        'suppliers',
        'products',
        'inventory',
        'price_lists',
        'price_list_items',
        'warehouses',
      ])
        expect(contents[table], table).toMatchObject({ rows: 0 });
      expect(contents['customers']).toMatchObject({ rows: 1 });
    },
    {
      before: `insert into customers (id, customer_code, company_name, email, address, purchase_history)
        values ('00000000-0000-4000-8000-000000000001', 'HERE-1', 'Here before', 'here@example.com', '{}', '[]')`,
    },
  ),
);

test('rows that others have changed, deleted or built upon are named and left', { timeout: 300_000 }, () =>
  withMoved(async (moved) => {
    const { run, legacy, value } = moved;
    const [changed, gone, deleted, built, plain] = (await customers(moved)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    await run.target.query(`update customers set company_name = 'By others' where ${target(changed)}`);
    await run.target.query(`update customers set company_name = 'By others' where ${target(gone)}`);
    await run.target.query(`delete from customers where ${target(deleted)}`);
    await run.target.query('create table visits (customer uuid references customers on delete cascade)');
    await run.target.query(`insert into visits select id from customers where ${target(built)}`);
    for (const id of [changed, deleted, plain])
      await legacy.query(`update legacy_customers set company_name = 'By the source' where id = '${id}'`);
    for (const id of [gone, built]) await legacy.query(`delete from legacy_customers where id = '${id}'`);

    const answers = await run.catchUp();
    expect(answers.get('customers')).toMatchObject({ inserted: 0, updated: 1, deleted: 0, left: 4 });
    expect(await value(`select company_name from customers where ${target(changed)}`)).toBe('By others');
    expect(await value(`select company_name from customers where ${target(gone)}`)).toBe('By others');
    expect(await value(`select count(*) from customers where ${target(deleted)}`)).toBe('0');
    expect(await value('select count(*) from visits')).toBe('1');
    expect(await value(`select company_name from customers where ${target(plain)}`)).toBe('By the source');
    const { rows } = await run.target.query<{ id: string; kind: string }>(
      'select legacy_id as id, kind from migration.differences order by kind, legacy_id::int',
    );
    expect(rows).toEqual([
      { id: built, kind: 'built-upon' },
      ...[changed, gone, deleted]
        .sort((a, b) => Number(a) - Number(b))
        .map((id) => ({ id, kind: 'changed-by-others' })),
    ]);
    // What stays is in, whether its source is there or not: all but the one that others have deleted.
    const { read, migrated, merged, rejected } = await run.counts('customers');
    expect(await value('select count(*) from customers')).toBe(String(migrated - 1));
    expect(read).toBe(migrated + merged + rejected);
    // Shown as what it is: the source has changed, and the run has bent nothing.
    expect(await run.verify('customers')).toMatchObject({ corrupted: 0 });

    const again = await run.catchUp();
    expect(again.get('customers')).toMatchObject({
      inserted: 0,
      updated: 0,
      deleted: 0,
      left: 4,
      completed: true,
    });
    await run.target.query('drop table visits');
    const third = await run.catchUp();
    expect(third.get('customers')).toMatchObject({ inserted: 0, updated: 0, deleted: 1, left: 3 });
  }),
);

test('a chunk that has grown too large for one transaction becomes several', { timeout: 300_000 }, () =>
  withMoved(
    async (moved) => {
      const { run, legacy, legacyUrl, value } = moved;
      const [row] = await legacy.query('select id from legacy_suppliers order by id');
      const before = Number(await value(`select max(read) from migration.chunks`));
      expect(before).toBeLessThanOrEqual(5);
      const id = String(row?.['id']);
      const changes = new SourceChanges(legacy, 75);
      // All of them between the first two keys.
      for (let i = 0; i < 60; i++)
        await changes.clone('legacy_suppliers', id, `${id.slice(0, -4)}${(0xff00 + i).toString(16)}`, {
          supplier_code: `'GROWN-${i}'`,
          tax_id: 'null',
          email: `'grown${i}@example.com'`,
        });
      const answers = await run.catchUp();
      expect(answers.get('suppliers')).toMatchObject({ deleted: 0, left: 0 });
      expect(Number(await value(`select max(read) from migration.chunks`))).toBeLessThanOrEqual(10);
      await expectFresh(run, legacyUrl);
      expect(await run.verify('suppliers')).toMatchObject({ differences: 0 });
    },
    { chunkRows: 5 },
  ),
);

test('rows that had left the quarantine follow their source too', { timeout: 300_000 }, () =>
  withMoved(async (moved) => {
    const { run, legacy, value } = moved;
    const ids = (await customers(moved)).slice(0, 4) as [string, string, string, string];
    for (const [i, id] of ids.entries())
      await legacy.query(
        `update legacy_customers set customer_code = '', phone = 'p${i}' where id = '${id}'`,
      );
    await run.catchUp();
    for (const [i, id] of ids.entries())
      await legacy.query(`update legacy_customers set customer_code = 'BACK-${i}' where id = '${id}'`);
    expect(await run.retry('customers')).toBeGreaterThanOrEqual(4);
    const kinds = `select count(*) from migration.chunks join migration.ranges r using (run, step, source_table, range) where r.kind = 'retry'`;
    expect(Number(await value(kinds))).toBeGreaterThan(0);

    const [changed, bad, gone] = ids;
    await legacy.query(`update legacy_customers set company_name = 'Follows' where id = '${changed}'`);
    await legacy.query(`update legacy_customers set email = 'nobody' where id = '${bad}'`);
    await legacy.query(`delete from legacy_customers where id = '${gone}'`);
    await run.catchUp();
    expect(await value(`select company_name from customers where ${target(changed)}`)).toBe('Follows');
    expect(await value(`select count(*) from customers where ${target(bad)} or ${target(gone)}`)).toBe('0');
    expect(
      await value(
        `select string_agg(code, ',') from migration.rejects where legacy_id = '${bad}' and resolved_at is null`,
      ),
    ).toBe('ERR_003');
    expect(await value(`select count(*) from migration.rejects where legacy_id = '${gone}'`)).toBe('0');
    const { read, migrated, merged, rejected } = await run.counts('customers');
    expect(read).toBe(migrated + merged + rejected);
    expect(await value('select count(*) from customers')).toBe(String(migrated));
    expect(
      await value(`select count(*) from migration.rejects where step = 'customers' and resolved_at is null`),
    ).toBe(String(rejected));
    expect(await run.verify('customers')).toMatchObject({ differences: 0 });
  }),
);
