import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TracedRow } from '../../../src/engine/trace/types.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';
import { changedInSource, tracedLegacy, uuid } from './traced-legacy.js';
import { columnOf, execute, moveSteps, onlyRow, trace } from './traced-run.js';

const run = 'trace-run';
let environment: RunEnvironment;

beforeAll(async () => {
  environment = await createRunEnvironment();
  await execute(environment.source.url, tracedLegacy);
  await moveSteps(environment, run, async (retry) => {
    await execute(environment.source.url, [
      `update legacy_customers set email = 'mended@x.example' where id = 'customer-20'`,
    ]);
    await retry('customers');
  });
  await execute(environment.source.url, changedInSource);
  await execute(environment.target.url, [
    `update customers set company_name = 'Changed by hand' where customer_code = 'CUST-21'`,
  ]);
}, 300_000);
afterAll(() => environment?.close());

const rowOf = async (table: string, id: string): Promise<TracedRow> =>
  onlyRow(await trace(environment, { table, id }));
const targetId = async (sql: string): Promise<string> => {
  const [row] = await environment.query<{ id: string }>('target', sql);
  return row?.id ?? '';
};
const differing = ({ columns }: TracedRow) =>
  columns.filter(({ change }) => change !== null).map(({ column, change }) => ({ column, change }));

describe('a row that moved', () => {
  test('is found by its legacy id and by its target id, under the names of both tables and the step', async () => {
    const id = await targetId(`select id from customers where customer_code = 'CUST-17'`);
    const answer = await rowOf('customers', 'customer-17');
    expect(answer).toMatchObject({
      outcome: 'migrated',
      run: { run, plan: 'nxt', state: 'completed' },
      step: 'customers',
      legacy: { table: 'legacy_customers', id: 'customer-17' },
      target: { table: 'customers', id, present: true, changedByOthers: false },
      source: { state: 'read', changed: null },
      chunk: { sourceTable: 'legacy_customers', range: 0, kind: 'key', differences: 0 },
      faults: [],
    });
    expect(answer.chunk?.firstKey).toEqual(['customer-17']);
    expect(answer.chunk?.verifiedAt).not.toBeNull();
    for (const [table, name] of [
      ['legacy_customers', ' customer-17 '],
      ['customers', id],
      ['customers', id.toUpperCase()],
      ['legacy_customers', id],
    ] as const)
      expect(await rowOf(table, name)).toEqual(answer);
  });

  test('tells of every column what it came from, what the rules make of it, and why', async () => {
    const answer = await rowOf('customers', 'customer-17');
    expect(differing(answer)).toEqual([]);
    for (const { expected, target } of answer.columns)
      expect(target?.value === null).toBe(expected?.value === null);
    expect(columnOf(answer, 'company_name')).toEqual({
      column: 'company_name',
      rule: 'trimmed text, required, 2–255 characters',
      from: [{ column: 'company_name', value: { value: '  Acme Trading ' } }],
      expected: { value: 'Acme Trading' },
      target: { value: 'Acme Trading' },
      made: 'trimmed',
      change: null,
    });
    expect(Object.fromEntries(answer.columns.map(({ column, made }) => [column, made]))).toEqual({
      id: 'converted',
      customer_code: 'as it is',
      company_name: 'trimmed',
      email: 'as it is',
      phone: 'converted',
      address: 'gathered',
      purchase_history: 'constant',
      metadata: 'gathered',
      created_at: 'converted',
      updated_at: 'defaulted',
    });
    expect(columnOf(answer, 'metadata').from.map(({ column }) => column)).toEqual([
      'id',
      'credit_limit',
      'legacy_note',
    ]);
    expect(answer.duplicates).toEqual([{ table: 'legacy_customers', id: 'customer-18' }]);
  });

  test('keeps a UUID, and is told with its warnings', async () => {
    const answer = await rowOf('customers', uuid(1));
    expect(answer).toMatchObject({ target: { id: uuid(1) }, warnings: [{ column: 'phone' }] });
    expect(columnOf(answer, 'id').made).toBe('as it is');
  });

  test('has an integer id, a generated one, or both sides the same number', async () => {
    const product = await rowOf('products', '1');
    expect(columnOf(product, 'external_id')).toMatchObject({ target: { value: '1' }, made: 'as it is' });

    const id = await targetId(`select id::text from inventory where metadata->'legacy'->>'id' = '901'`);
    const answer = await rowOf('inventory', '901');
    expect(answer).toMatchObject({ legacy: { id: '901' }, target: { table: 'inventory', id } });
    expect(differing(answer)).toEqual([]);
    expect(columnOf(answer, 'id')).toMatchObject({ made: 'generated', expected: { value: id } });
    expect(columnOf(answer, 'quantity_available')).toMatchObject({
      made: 'computed',
      target: { value: '7' },
    });
    expect(await rowOf('inventory', id)).toEqual(answer);
  });

  test('shows what it refers to, by id or by code, or that there is no such row', async () => {
    const supplier = await targetId(`select id from suppliers where supplier_code = 'SUP-7'`);
    const target = { table: 'suppliers', id: supplier };
    const legacy = { table: 'legacy_suppliers', id: '7' };
    expect((await rowOf('products', '1')).links).toEqual([
      {
        column: 'supplier_id',
        label: 'supplier',
        legacyId: 'vendor-1',
        code: null,
        by: 'id',
        target,
        legacy,
      },
    ]);
    expect((await rowOf('products', '2')).links).toMatchObject([{ legacyId: 'nobody', by: 'code', target }]);
    const orphan = await rowOf('products', '3');
    expect(orphan.links).toMatchObject([{ legacyId: 'nobody', by: null, target: null }]);
    expect(columnOf(orphan, 'supplier_id').made).toBe('unresolved');
    expect((await rowOf('price-lists', 'list-1')).links).toMatchObject([
      { column: 'supplier_id', by: 'id', target },
      {
        column: 'parent_price_list_id',
        legacyId: 'list-2',
        by: 'id',
        legacy: { table: 'legacy_price_lists', id: 'list-2' },
      },
    ]);
  });

  test('brings what has no column of its own, and counts that were made anew', async () => {
    expect(await rowOf('price_list_items', 'item-1')).toMatchObject({
      kept: '{"id": "item-1", "lineNote": "by hand"}',
    });
    expect(columnOf(await rowOf('price_lists', 'list-1'), 'item_count')).toMatchObject({
      rule: 'counted anew from the price list items that moved',
      target: { value: '2' },
      made: 'counted',
      change: null,
    });
  });
});

describe('a row that did not move by itself', () => {
  test('a merged vendor leads to the row of its supplier, and that one names it', async () => {
    const id = await targetId(`select id from suppliers where supplier_code = 'SUP-7'`);
    const vendor = await rowOf('suppliers', 'vendor-1');
    expect(vendor).toMatchObject({
      outcome: 'merged',
      legacy: { table: 'legacy_vendors', id: 'vendor-1' },
      target: { table: 'suppliers', id },
      merged: { rule: 'code', into: { table: 'legacy_suppliers', id: '7' } },
      alsoIn: [],
    });
    expect(differing(vendor)).toEqual([]);
    const supplier = await rowOf('suppliers', id);
    expect(supplier).toMatchObject({
      outcome: 'migrated',
      legacy: { table: 'legacy_suppliers', id: '7' },
      alsoIn: [{ table: 'legacy_vendors', id: 'vendor-1', rule: 'code' }],
    });
    expect(columnOf(supplier, 'vendor_metadata').target?.value).toContain('Seven as a vendor');
  });

  test('an id of two legacy tables is answered for both, unless one is named', async () => {
    const { rows } = await trace(environment, { table: 'suppliers', id: '7' });
    expect(rows.map(({ legacy }) => legacy)).toEqual([
      { table: 'legacy_suppliers', id: '7' },
      { table: 'legacy_vendors', id: '7' },
    ]);
    expect(await rowOf('legacy_vendors', '7')).toEqual(rows[1]);
  });

  test('a duplicate names the row that stays', async () => {
    expect(await rowOf('customers', 'customer-18')).toMatchObject({
      outcome: 'rejected',
      target: null,
      decision: { kind: 'duplicate', table: 'legacy_customers', id: 'customer-17', rule: 'customer_code' },
      rejects: [{ code: 'ERR_005', resolvedAt: null }],
      faults: [],
    });
  });

  test('a rejected row has its reasons, and what the rules say to it now', async () => {
    const answer = await rowOf('customers', 'customer-19');
    expect(answer).toMatchObject({
      outcome: 'rejected',
      target: null,
      rejects: [{ code: 'ERR_003', column: 'email', resolvedAt: null }],
      faults: [{ code: 'ERR_003', column: 'email' }],
    });
    expect(columnOf(answer, 'email')).toMatchObject({
      from: [{ column: 'email', value: { value: 'none' } }],
      expected: null,
      target: null,
      made: 'at fault',
    });
    expect(await rowOf('inventory', '903')).toMatchObject({
      outcome: 'rejected',
      rejects: [{ code: 'ERR_004', column: 'product_id' }],
    });
  });

  test('a row that a retry has moved keeps its place in the quarantine', async () => {
    const answer = await rowOf('customers', 'customer-20');
    expect(answer).toMatchObject({
      outcome: 'migrated',
      chunk: { kind: 'retry', differences: 0 },
      rejects: [{ code: 'ERR_003', resolution: 'moved again' }],
    });
    expect(differing(answer)).toEqual([]);
  });

  test('a warehouse was made for rows that need it', async () => {
    const answer = await rowOf('warehouses', 'hall-1');
    expect(answer).toMatchObject({
      outcome: 'made',
      step: 'inventory',
      legacy: { table: 'warehouses', id: 'hall-1' },
      target: { table: 'warehouses', present: true, changedByOthers: false },
      neededBy: {
        table: 'inventory',
        column: 'warehouse_id',
        rows: 2,
        examples: [
          { table: 'legacy_inventory', id: '901' },
          { table: 'legacy_inventory', id: '902' },
        ],
      },
    });
    expect(await rowOf('warehouses', answer.target?.id ?? '')).toMatchObject({ target: answer.target });
  });
});

describe('what has changed since', () => {
  test('a row that others have changed in the target', async () => {
    const answer = await rowOf('customers', 'customer-21');
    expect(answer).toMatchObject({ target: { changedByOthers: true }, source: { changed: false } });
    expect(differing(answer)).toEqual([{ column: 'company_name', change: 'by others' }]);
    expect(columnOf(answer, 'company_name')).toMatchObject({
      expected: { value: 'Changed in target' },
      target: { value: 'Changed by hand' },
    });
  });

  test('a row that has changed in the source', async () => {
    const answer = await rowOf('customers', 'customer-22');
    expect(answer).toMatchObject({ target: { changedByOthers: false }, source: { changed: true } });
    expect(differing(answer)).toEqual([{ column: 'company_name', change: 'source changed' }]);
  });

  test('a row that is gone in the source is told from the target', async () => {
    const answer = await rowOf('customers', 'customer-23');
    expect(answer).toMatchObject({
      outcome: 'migrated',
      source: { state: 'gone', why: 'legacy_customers has no row customer-23 any more.' },
    });
    expect(columnOf(answer, 'email')).toMatchObject({
      from: [{ column: 'email', value: null }],
      expected: null,
      target: { value: 'c23@x.example' },
      made: 'not known',
    });
  });

  test('a row that others have deleted in the target', async () => {
    await execute(environment.target.url, [`delete from upload_history`]);
    const answer = await rowOf('upload-history', 'up-1');
    expect(answer).toMatchObject({ outcome: 'migrated', target: { present: false, changedByOthers: null } });
    expect(columnOf(answer, 'file_name')).toMatchObject({ expected: { value: 'a.csv' }, target: null });
  });

  test('a source that cannot be reached', async () => {
    const answer = onlyRow(
      await trace(environment, { table: 'price-lists', id: 'list-1' }, undefined, false),
    );
    expect(answer).toMatchObject({
      outcome: 'migrated',
      source: { state: 'unreachable', why: 'The source is off.' },
    });
    expect(answer.links).toMatchObject([
      { column: 'supplier_id', legacyId: null, legacy: { id: '7' } },
      { column: 'parent_price_list_id', legacyId: 'list-2', legacy: { id: 'list-2' } },
    ]);
  });
});

describe('what is not known', () => {
  test('an id that nobody has, or that only a table has', async () => {
    const nothing = { inSource: [], inTarget: [], sourceProblem: null };
    for (const [table, id] of [
      ['customers', 'nobody'],
      ['inventory', 'no number'],
      ['inventory', '99999999999999999999'],
      ['legacy_products', "'; drop table x; --"],
      ['warehouses', 'hall-9'],
    ] as const)
      expect(await trace(environment, { table, id })).toMatchObject({ rows: [], unknown: nothing });

    await execute(environment.source.url, [`insert into legacy_customers (id) values ('latecomer')`]);
    await execute(environment.target.url, [
      `insert into warehouses (id, code, name, is_active, created_at, updated_at)
       values ('${uuid(77)}', 'own', 'own', true, now(), now())`,
    ]);
    expect(await trace(environment, { table: 'customers', id: 'latecomer' })).toMatchObject({
      unknown: { inSource: ['legacy_customers'], inTarget: [] },
    });
    expect(await trace(environment, { table: 'warehouses', id: uuid(77) })).toMatchObject({
      unknown: { inSource: [], inTarget: ['warehouses'] },
    });
  });

  test('a table, and a run', async () => {
    await expect(trace(environment, { table: 'clients', id: '1' })).rejects.toThrow(
      /^The plan nxt has no step or table clients\. Allowed are customers, legacy_customers, /,
    );
    await expect(trace(environment, { table: 'customers', id: '1', run: 'other' })).rejects.toThrow(
      `The target knows no run other. It knows ${run}.`,
    );
  });
});

test("no number is taken from the target's sequences", async () => {
  const sequence = 'select last_value::text as at from inventory_id_seq';
  const before = await environment.query('target', sequence);
  await rowOf('inventory', '901');
  expect(await environment.query('target', sequence)).toEqual(before);
});
