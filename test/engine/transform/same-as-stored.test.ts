import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { compileTransform, type RowTransform } from '../../../src/engine/transform/compile.js';
import { RowContext } from '../../../src/engine/transform/types.js';
import { identityOf, namespaceOf } from '../../../src/engine/values/uuid.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { truthServer, type TruthServer } from '../values/server.js';
import { rawRow, settings, sourceColumns, type Cell, type Columns } from './rows.js';
import { agreedTables } from '../../plan/nxt-tables.js';

let server: TruthServer;
beforeAll(async () => {
  server = await truthServer();
}, 60_000);
afterAll(() => server.close());

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('\\.', '\\N', 'a\tb\nc', '"q" \\ \u001f', '😀', ''),
);
const json = fc.json({ maxDepth: 3 });
const money = fc
  .integer({ min: 0, max: 99_999_999 })
  .map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`);
const time = fc
  .integer({ min: -3_000_000_000, max: 9_000_000_000 })
  .map((s) => `${new Date(s * 1000).toISOString().slice(0, 19)}.120000`);
const count = fc.integer({ min: 0, max: 2_000_000_000 }).map(String);
const key = fc.integer({ min: 1, max: 1_000_000 }).map(String);
const code = fc.uuid();

/** Legacy tables of an installation with integer ids, with believable and unbelievable values. */
const tables: Readonly<
  Record<string, Readonly<Record<string, readonly [Columns[string], fc.Arbitrary<Cell>]>>>
> = {
  legacy_customers: {
    id: ['int4', key],
    customer_code: ['text', code],
    company_name: ['text', text],
    email: ['text', fc.emailAddress()],
    phone: ['text', text],
    address_line_1: ['text', text],
    city: ['text', text],
    contact_person: ['text', text],
    customer_type: ['text', text],
    credit_limit: ['numeric', money],
    legacy_note: ['text', text],
    created_at: ['timestamp', time],
    updated_at: ['timestamptz', time],
  },
  legacy_suppliers: {
    id: ['uuid', fc.uuid()],
    supplier_code: ['text', code],
    company_name: ['text', text],
    email: ['text', fc.emailAddress()],
    address_data: ['text', json],
    contact_details: ['json', json],
    credit_limit: ['numeric', money],
    performance_rating: ['text', fc.constantFrom('4.5', '5', '9.99')],
    lead_time_days: ['int4', count],
    is_active: ['text', fc.constantFrom('Y', 'no')],
    approved_by: ['text', text],
    created_at: ['timestamp', time],
  },
  legacy_products: {
    id: ['text', fc.oneof(key, code)],
    sku: ['text', code],
    product_name: ['text', text],
    name: ['text', text],
    description: ['text', text],
    price: ['numeric', money],
    cost: ['text', money],
    supplier_id: ['int4', key],
    supplier_code: ['text', text],
    is_active: ['bool', fc.constantFrom('true', 'false')],
    weight: ['numeric', money],
    tags: ['text', fc.oneof(json, text)],
    dimensions: ['text', text],
    extra: ['int8', count],
    created_at: ['timestamp', time],
  },
  legacy_inventory: {
    id: ['int4', key],
    product_id: ['int4', key],
    product_sku: ['text', text],
    warehouse_id: ['text', code],
    location_id: ['text', text],
    quantity: ['text', count],
    quantity_reserved: ['int4', fc.constant('1')],
    quantity_available: ['int4', count],
    stock_status: ['text', fc.constantFrom('Low_Stock', '')],
    average_cost: ['numeric', money],
    last_movement: ['timestamp', time],
  },
  legacy_price_lists: {
    id: ['int4', key],
    supplier_id: ['int4', key],
    name: ['text', text],
    effective_date: ['date', fc.constant('2024-02-29')],
    expiry_date: ['text', fc.constantFrom('infinity', '2025-01-01')],
    validation_errors: ['text', json],
    approved_at: ['timestamp', time],
    item_count: ['int4', count],
  },
  legacy_price_list_items: {
    id: ['int8', key],
    price_list_id: ['int4', key],
    sku: ['text', code],
    description: ['text', text],
    price: ['text', money],
    currency: ['text', fc.constantFrom('eur', 'USD', 'ZZZ')],
    discount_percent: ['numeric', fc.constantFrom('0', '12.5')],
    tier_pricing: [
      'text',
      fc.constantFrom('[{"min_qty":"10","price":"1.50"},{"minQty":2,"price":3.10}]', ''),
    ],
  },
  legacy_upload_history: {
    id: ['int4', key],
    supplier_id: ['int4', key],
    file_name: ['text', text],
    file_type: ['text', fc.constant('CSV')],
    file_size: ['int8', count],
    status: ['text', fc.constant('Done')],
    upload_date: ['timestamp', time],
    uploaded_by: ['text', code],
    price_list_id: ['int4', key],
    errors: ['json', json],
    metadata: ['text', json],
    note: ['text', text],
  },
};

const types: Readonly<Record<string, string>> = {
  timestamptz: 'timestamp with time zone',
  serial: 'integer',
};

/** `varchar(50)! = default` as the catalog would tell it. */
function targetOf(table: string) {
  return Object.entries(agreedTables[table]?.columns ?? {}).map(([name, told]) => {
    const [type = ''] = told.split(/[!= ]/);
    return {
      name,
      type: types[type] ?? type.replace('varchar', 'character varying'),
      nullable: !told.includes('!') && type !== 'serial',
    };
  });
}

const references = () => ({
  byLegacyId: (id: string) =>
    Number(id) % 3 === 0
      ? ({ found: false } as const)
      : ({ found: true, key: identityOf(namespaceOf('some'), id) } as const),
  byCode: (folded: string) =>
    folded.length % 2 === 0
      ? ({ found: false } as const)
      : ({ found: true, key: identityOf(namespaceOf('some'), folded) } as const),
});

const sources = nxtPlan.entities
  .flatMap((entity) => entity.sources.map((source) => ({ entity, source })))
  .filter(({ source }) => source.table in tables);

it.each(sources.map((one) => [one.source.table, one] as const))(
  'what is written for %s is byte for byte what the target sends back',
  async (table, { entity, source }) => {
    const legacy = tables[table] ?? {};
    const columns = sourceColumns(
      Object.fromEntries(Object.entries(legacy).map(([name, [form]]) => [name, form])),
    );
    const target = targetOf(entity.table);
    for (const slow of [false, true]) {
      const transform = compileTransform({
        entity,
        source,
        sourceColumns: columns,
        sourceKey: ['id'],
        targetColumns: target,
        references,
        resolveOwn: true,
        slow,
        settings: { ...settings, sourceTimeZone: 'America/New_York' },
      });
      const { out, migrated, rejected } = written(transform, columns, legacy);
      expect(migrated).toBeGreaterThan(30);
      expect(migrated + rejected).toBe(300);
      await server.client.query(
        `create table stored (${target
          .filter(({ name }) => transform.columns.includes(name))
          .map(({ name, type, nullable }) => `${name} ${type} ${nullable ? '' : 'not null'}`)
          .join(', ')})`,
      );
      try {
        const list = transform.columns.join(', ');
        const whole = Buffer.concat([
          Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'),
          out,
          Buffer.from([0xff, 0xff]),
        ]);
        const sink = server.client.query(copyFrom(`copy stored (${list}) from stdin (format binary)`));
        sink.end(whole);
        await finished(sink);
        const parts: Buffer[] = [];
        for await (const part of server.client.query(
          copyTo(`copy (select ${list} from stored order by ctid) to stdout (format binary)`),
        ))
          parts.push(part as Buffer);
        expect(Buffer.concat(parts).equals(whole)).toBe(true);
      } finally {
        await server.client.query('drop table stored');
      }
    }
  },
);

function written(
  transform: RowTransform,
  columns: ReturnType<typeof sourceColumns>,
  legacy: (typeof tables)[string],
): { out: Buffer; migrated: number; rejected: number } {
  const cells = fc.record(
    Object.fromEntries(
      Object.entries(legacy).map(([name, [, cell]]) => [
        name,
        name === 'id' ? cell : fc.option(cell, { freq: 9 }),
      ]),
    ),
  );
  const context = new RowContext();
  let next = 0n;
  context.nextGenerated = () => ++next;
  const out = new TupleWriter();
  let migrated = 0;
  let rejected = 0;
  for (const row of fc.sample(cells, { numRuns: 300, seed: 11 })) {
    if (transform.apply(rawRow(columns, row), context, out)) migrated++;
    else rejected++;
  }
  return { out: out.bytes.subarray(0, out.position), migrated, rejected };
}
