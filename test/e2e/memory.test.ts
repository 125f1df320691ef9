import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { killWorkers, startWorkerProcess } from '../helpers/worker-process.js';

/** Rows of price list items: some 150 MB on the wire. */
const rows = 1_000_000;
/** The promise for any table's size. */
const mostMiB = 300;

let environment: RunEnvironment;
beforeAll(async () => {
  environment = await createRunEnvironment();
  await environment.query(
    'source',
    `create table legacy_suppliers (id uuid primary key, supplier_code text, company_name text, email text, created_at timestamp);
     create table legacy_vendors (id uuid primary key, vendor_code text, company_name text, email text, created_at timestamp);
     create table legacy_price_lists (id uuid primary key, supplier_id uuid, name text, effective_date date, status text);
     create table legacy_price_list_items (id uuid primary key, price_list_id uuid, sku text, description text,
       unit_price numeric(15,5), currency text, min_quantity int, tier_pricing jsonb, created_at timestamp);
     insert into legacy_suppliers values (md5('s')::uuid, 'SUP-1', 'Supplier', 'office@supplier.example', '2020-01-01');
     insert into legacy_price_lists select md5('l' || i)::uuid, md5('s')::uuid, 'List ' || i, '2024-01-01', 'draft' from generate_series(1, 100) i;
     insert into legacy_price_list_items select md5('i' || i)::uuid, md5('l' || 1 + i % 100)::uuid, 'SKU-' || i,
       'A thing that is sold by the piece, in boxes of ' || i, i / 100.0, 'EUR', 1, '[{"minQty": 10, "price": 9.5}]', '2024-01-01'
       from generate_series(1, ${rows}) i`,
  );
});
afterAll(async () => {
  await killWorkers();
  await environment.close();
});

it.runIf(process.platform === 'linux')(
  `a worker holds less than ${mostMiB} MB while it moves and verifies a table of any size`,
  { timeout: 180_000 },
  async () => {
    const worker = await startWorkerProcess(environment);
    const handle = await environment.start({ tables: ['price-list-items'], backup: false });
    const status = await handle.result();
    expect(status.steps.find(({ step }) => step === 'price-list-items')).toMatchObject({
      migrated: rows,
      differences: 0,
    });
    const kernel = await readFile(`/proc/${worker.pid}/status`, 'utf8');
    const peakMiB = Number(/VmHWM:\s+(\d+) kB/.exec(kernel)?.[1]) / 1024;
    await worker.stop();
    expect(peakMiB).toBeGreaterThan(50);
    expect(peakMiB).toBeLessThan(mostMiB);
  },
);
