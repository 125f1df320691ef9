import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withLegacy, type MovedLegacy } from './moved-legacy.js';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Supplier 2 is bad, and so nothing that names it can have it. */
const wholesaler = `
  create table legacy_suppliers (id uuid primary key, supplier_code text, company_name text, email text, tax_id text, created_at timestamp);
  create table legacy_vendors (like legacy_suppliers including all);
  alter table legacy_vendors rename supplier_code to vendor_code;
  insert into legacy_suppliers values ('${id(1)}', 'ACME', 'Acme', 'a@acme.example'), ('${id(2)}', 'BOLT', 'Bolt', 'none');
  create table legacy_products (id uuid primary key, sku text, name text, unit_price text, supplier_id text, is_active text);
  insert into legacy_products values ('${id(11)}', 'SKU-1', 'One', '1.50', '${id(1)}', 'Y'),
    ('${id(12)}', 'SKU-2', 'Two', '2.50', '${id(2)}', 'N'), ('${id(13)}', 'SKU-3', '', '3.50', '${id(2)}', 'N');
  create table legacy_inventory (id integer primary key, product_id text, warehouse_id text, quantity text);
  insert into legacy_inventory values (1, '${id(11)}', 'W1', '5'), (2, '${id(13)}', 'W2', '6'), (3, '${id(13)}', 'W1', '7');
  create table legacy_price_lists (id uuid primary key, supplier_id text, name text, effective_date text, parent_price_list_id text);
  insert into legacy_price_lists values ('${id(21)}', '${id(1)}', 'Child', '2024-01-01', '${id(22)}'),
    ('${id(22)}', '${id(2)}', 'Parent', '2024-01-01', null), ('${id(23)}', '${id(1)}', 'Alone', '2024-01-01', '${id(99)}');`;

const verified = async (moved: MovedLegacy, step: string) => {
  const { differences, corrupted } = await moved.verify(step);
  return { differences, corrupted };
};
const clean = { differences: 0, corrupted: 0 };

test('when a parent has come in, rows that were rejected for want of it move, and those without it stay as they are', () =>
  withLegacy(wholesaler, async (moved) => {
    for (const step of ['suppliers', 'products', 'inventory', 'price-lists']) await moved.move(step);
    expect(await moved.counts('price-lists')).toMatchObject({ migrated: 2, rejected: 1 });
    expect(await moved.counts('inventory')).toMatchObject({ migrated: 1, rejected: 2 });

    expect(await moved.retry('price-lists')).toEqual({ moved: 0 });
    await moved.legacy.query("update legacy_suppliers set email = 'b@bolt.example'");
    await moved.legacy.query("update legacy_products set name = 'Three'");
    expect(await moved.retry('suppliers')).toEqual({ moved: 1 });
    expect(await moved.retry('products')).toEqual({ moved: 1 });
    expect(await moved.retry('price-lists')).toEqual({ moved: 1 });
    expect(await moved.retry('inventory')).toEqual({ moved: 2 });
    for (const step of ['suppliers', 'products', 'inventory', 'price-lists']) await moved.complete(step);

    const { rows } = await moved.target.query('select sku, supplier_id from products order by sku');
    expect(rows).toEqual([
      { sku: 'SKU-1', supplier_id: id(1) },
      // It moved before its supplier did: left empty, with a warning that says so.
      { sku: 'SKU-2', supplier_id: null },
      { sku: 'SKU-3', supplier_id: id(2) },
    ]);
    expect(await moved.value('select array_agg(id order by id)::text from inventory')).toMatch(
      /^\{\d+,\d+,\d+\}$/,
    );
    expect(await moved.value('select count(*)::int from warehouses')).toBe(2);
    expect(await moved.counts('inventory')).toMatchObject({ read: 3, migrated: 3, rejected: 0 });
    // The source of other rows of these chunks was changed above.
    await moved.legacy.query(
      "update legacy_suppliers set email = 'a@acme.example' where supplier_code = 'ACME'",
    );
    await moved.legacy.query("update legacy_products set name = 'One' where sku = 'SKU-1'");
    await moved.legacy.query("update legacy_products set name = 'Two' where sku = 'SKU-2'");
    for (const step of ['suppliers', 'products', 'inventory', 'price-lists'])
      expect([step, await verified(moved, step)]).toEqual([step, clean]);
  }));

test('of two retries at the same moment one moves a row, also where no key of its own would stop the other', () =>
  withLegacy(wholesaler, async (moved) => {
    for (const step of ['suppliers', 'products', 'inventory']) await moved.move(step);
    await moved.legacy.query(`update legacy_inventory set product_id = '${id(11)}'`);
    const holder = await moved.connect();
    await holder.query('begin; lock table inventory in share row exclusive mode');
    const both = Promise.all([moved.retry('inventory'), moved.retry('inventory')]);
    const waiting = `select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    while ((await moved.value(waiting)) !== 2) await setTimeout(10);
    await holder.query('commit');
    await holder.end();
    const moves = (await both).map((retried) => retried.moved);
    expect([Math.min(...moves), Math.max(...moves)]).toEqual([0, 2]);
    expect(await moved.value('select count(*)::int from inventory')).toBe(3);
    expect(await moved.counts('inventory')).toMatchObject({ read: 3, migrated: 3, rejected: 0 });
    expect(await verified(moved, 'inventory')).toEqual(clean);
  }));

test('a reference to a row of the same table is set once that row has come in', () =>
  withLegacy(wholesaler, async (moved) => {
    await moved.move('suppliers');
    await moved.move('price-lists');
    const parent = `select parent_price_list_id from price_lists where id = '${id(21)}'`;
    const warned =
      "select array_agg(legacy_id order by legacy_id)::text from migration.warnings where step = 'price-lists'";
    expect(await moved.value(parent)).toBeNull();
    expect(await moved.value(warned)).toBe(`{${id(21)},${id(23)}}`);
    await moved.legacy.query(`update legacy_price_lists set supplier_id = '${id(1)}' where id = '${id(22)}'`);
    expect(await moved.retry('price-lists')).toEqual({ moved: 1 });
    await moved.complete('price-lists');
    expect(await moved.value(parent)).toBe(id(22));
    expect(await moved.value(warned)).toBe(`{${id(23)}}`);
    expect(await verified(moved, 'price-lists')).toEqual(clean);
  }));

test('a duplicate moves once its key is another, and a key that is taken meanwhile is refused', () =>
  withLegacy(
    `create table legacy_customers (id integer primary key, customer_code text, company_name text, email text);
     insert into legacy_customers values (1, 'CODE-1', 'One', '1@example.com'), (2, 'code-1', 'Two', '2@example.com'),
       (3, ' Code-1', 'Three', '3@example.com'), (4, 'CODE-4', 'Four', 'none'), (5, 'CODE-5', 'Five', 'none');`,
    async (moved) => {
      await moved.move('customers');
      expect(await moved.counts('customers')).toMatchObject({ migrated: 1, rejected: 4 });
      expect(await moved.retry('customers')).toEqual({ moved: 0 });
      await moved.legacy.query("update legacy_customers set customer_code = 'CODE-2' where id = 2");
      await moved.legacy.query(
        "update legacy_customers set customer_code = 'cOdE-1', email = '4@example.com' where id = 4",
      );
      await moved.legacy.query(
        "update legacy_customers set customer_code = 'code-2', email = '5@example.com' where id = 5",
      );
      expect(await moved.retry('customers', { pageRows: 100 })).toEqual({ moved: 1 });
      const { rows } = await moved.target.query(
        'select legacy_id, codes from migration.rejects where resolved_at is null order by legacy_id',
      );
      expect(rows).toEqual(['3', '4', '5'].map((legacy_id) => ({ legacy_id, codes: ['ERR_005'] })));
      expect(await verified(moved, 'customers')).toEqual(clean);
    },
  ));

test('a vendor that was refused becomes part of its supplier once that one is in', () =>
  withLegacy(
    `${wholesaler}
     insert into legacy_suppliers values ('${id(3)}', 'CRAB', 'refused', 'c@crab.example');
     insert into legacy_vendors values ('${id(4)}', 'crab', '', 'none');`,
    async (moved) => {
      await moved.target.query(
        "alter table suppliers add constraint no_refused check (company_name <> 'refused')",
      );
      await moved.move('suppliers');
      expect(await moved.counts('suppliers')).toMatchObject({ read: 4, migrated: 1, merged: 0, rejected: 3 });
      await moved.target.query('alter table suppliers drop constraint no_refused');
      expect(await moved.retry('suppliers')).toEqual({ moved: 2 });
      expect(await moved.counts('suppliers')).toMatchObject({ read: 4, migrated: 2, merged: 1, rejected: 1 });
      expect(
        await moved.value(
          "select jsonb_array_length(vendor_metadata #> '{legacy,mergedVendors}') from suppliers where supplier_code = 'CRAB'",
        ),
      ).toBe(1);
      expect(await verified(moved, 'suppliers')).toEqual(clean);
    },
  ));

test('a vendor that a retry made part of its supplier is in quarantine again when that is undone, and moves once more', () =>
  withLegacy(
    `${wholesaler}
     insert into legacy_suppliers values ('${id(3)}', 'CRAB', 'refused', 'c@crab.example');
     insert into legacy_vendors values ('${id(4)}', 'crab', '', 'none');`,
    async (moved) => {
      await moved.target.query(
        "alter table suppliers add constraint no_refused check (company_name <> 'refused')",
      );
      const quarantine = async () => {
        const { rows } = await moved.target.query<{ id: string; resolution: string | null }>(
          'select legacy_id as id, resolution from migration.rejects order by legacy_id, rejects.id',
        );
        return rows.map((row) => [Number(row.id.slice(-2)), row.resolution]);
      };
      // What an earlier rollback has left is not what is taken back later.
      await moved.move('suppliers');
      await moved.undo('suppliers');
      const old = 'rolled back';
      expect(await quarantine()).toEqual([
        [2, old],
        [3, old],
        [4, old],
      ]);
      await moved.move('suppliers');
      await moved.target.query('alter table suppliers drop constraint no_refused');
      expect(await moved.retry('suppliers')).toEqual({ moved: 2 });
      const counts = await moved.counts('suppliers');
      expect(counts).toMatchObject({ read: 4, migrated: 2, merged: 1, rejected: 1 });

      expect(await moved.undo('suppliers', 1)).toMatchObject({
        read: 4,
        migrated: 2,
        merged: 0,
        rejected: 2,
      });
      expect(await moved.value('select count(*)::int from migration.merges')).toBe(0);
      expect(await quarantine()).toEqual([
        [2, old],
        [2, null],
        [3, old],
        [3, 'moved again'],
        [4, old],
        [4, null],
      ]);
      expect(await moved.retry('suppliers')).toEqual({ moved: 1 });
      expect(await moved.counts('suppliers')).toEqual(counts);
      expect(await moved.value('select count(*)::int from migration.merges')).toBe(1);

      await moved.undo('suppliers');
      expect(await moved.value('select count(*)::int from suppliers')).toBe(0);
      expect(await moved.value(`select string_agg(distinct resolution, ';') from migration.rejects`)).toBe(
        old,
      );
    },
  ));

test('wider coercions let rows in that are clear, and what they read verifies', () =>
  withLegacy(
    `${wholesaler}
     insert into legacy_products values ('${id(14)}', 'SKU-4', 'Four', '1.234,56', '{${id(1)}}', 'ja'),
       ('${id(15)}', 'SKU-5', 'Five', '€ 7,50', null, 'off'), ('${id(16)}', 'SKU-6', 'Six', '1,234', null, 'Y');`,
    async (moved) => {
      await moved.move('suppliers');
      await moved.move('products');
      expect(await moved.retry('products')).toEqual({ moved: 0 });
      expect(await moved.retry('products', { coerceTypes: true })).toEqual({ moved: 2 });
      const { rows } = await moved.target.query(
        "select sku, unit_price, supplier_id, is_active, metadata #>> '{legacy,unitPrice}' as kept from products where sku > 'SKU-3' order by sku",
      );
      expect(rows).toEqual([
        { sku: 'SKU-4', unit_price: '1234.56', supplier_id: id(1), is_active: true, kept: null },
        { sku: 'SKU-5', unit_price: '7.50', supplier_id: null, is_active: false, kept: '€ 7,50' },
      ]);
      const warned = await moved.target.query(
        "select legacy_id, column_name from migration.warnings where reason ~ 'wider coercion' order by 1, 2",
      );
      expect(warned.rows).toEqual(
        [
          [14, 'is_active'],
          [14, 'supplier_id'],
          [14, 'unit_price'],
          [15, 'is_active'],
          [15, 'unit_price'],
        ].map(([n, column_name]) => ({ legacy_id: id(Number(n)), column_name })),
      );
      expect(
        await moved.value(
          'select array_agg(distinct resolution)::text from migration.rejects where resolved_at is not null',
        ),
      ).toBe('{"moved again with wider coercions"}');
      expect(await verified(moved, 'products')).toEqual(clean);
    },
  ));

test('a merged vendor that changes afterwards is drift of its supplier, not corruption', () =>
  withLegacy(
    `${wholesaler}
     insert into legacy_suppliers values ('${id(3)}', 'CRAB', 'Crab', 'c@crab.example');
     insert into legacy_vendors values ('${id(4)}', 'crab', 'Crab too', 'two@crab.example');`,
    async (moved) => {
      await moved.move('suppliers');
      expect(await verified(moved, 'suppliers')).toEqual(clean);
      await moved.target.query('update migration.chunks set verified_at = null');
      await moved.legacy.query(`update legacy_vendors set company_name = 'Another' where id = '${id(4)}'`);
      const found = await moved.verify('suppliers');
      expect(found.differences).toBeGreaterThan(0);
      expect(found.corrupted).toBe(0);
    },
  ));
