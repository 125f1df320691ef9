/** A million rows, moved by a worker process at full speed: what it holds, and how fast it stands still. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { watchWrites, type WriteWatch } from '../helpers/watch-writes.js';
import { killWorkers, startWorkerProcess, type WorkerProcess } from '../helpers/worker-process.js';

/** Rows of price list items: some 150 MB on the wire. */
const rows = 1_000_000;
/** The promise for any table's size. */
const mostMiB = 300;

const step = 'price-list-items';

describe('a worker that moves a million rows', { timeout: 240_000 }, () => {
  let environment: RunEnvironment;
  let worker: WorkerProcess;
  let writes: WriteWatch;
  let run: Awaited<ReturnType<RunEnvironment['start']>>;

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
    worker = await startWorkerProcess(environment);
    writes = await watchWrites(environment);
    run = await environment.start({ tables: [step], backup: false, mode: 'stepwise' });
    for (const before of ['suppliers', 'price-lists', step]) {
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      await run.executeUpdate('run-step', { args: [{ step: before }] });
    }
  }, 120_000);
  afterAll(async () => {
    await writes.stop();
    await killWorkers();
    await environment.close();
  });

  const items = ({ steps }: RunStatus) => steps.find((each) => each.step === step);
  const committed = async () => {
    const [sum] = await environment.query<{ read: number; migrated: number }>(
      'target',
      `select coalesce(sum(read), 0)::int as read, coalesce(sum(migrated), 0)::int as migrated
       from migration.chunks where step = $1`,
      [step],
    );
    return sum;
  };
  const moved = (atLeast: number) =>
    environment.waitFor(run, (status) => (items(status)?.read ?? 0) > atLeast);

  /** Sends the signal; milliseconds from there until the last write that the target saw. */
  async function standsStillAfter(signal: 'pause' | 'emergency-stop', state: string): Promise<number> {
    const sentAt = performance.now();
    await run.signal(signal);
    await environment.waitFor(run, (status) => status.state === state);
    await sleep(1_000);
    const took = writes.lastWriteAt - sentAt;
    // What was dropped without a word of its figures is counted anew, which may come a moment later.
    const sums = await committed();
    const status = await environment.waitFor(run, (now) => items(now)?.read === sums?.read);
    expect(items(status)).toMatchObject({ state: 'paused', ...sums });
    return took;
  }

  it('shows rows and rate while it copies, without a word in the history', async () => {
    await moved(50_000);
    const { historyLength } = await run.describe();
    const one = items(await moved(50_000));
    const other = items(await moved((one?.read ?? 0) + 20_000));
    expect(other?.rowsPerSecond).toBeGreaterThan(1_000);
    expect((await run.describe()).historyLength).toBe(historyLength);
  });

  it('pauses within 5 seconds, with the chunk in hand committed', async () => {
    const before = items(await run.query<RunStatus>('status'))?.read ?? 0;
    expect(await standsStillAfter('pause', 'paused')).toBeLessThan(5_000);
    expect((await committed())?.read).toBeGreaterThanOrEqual(before);
    const { read = 0 } = (await committed()) ?? {};
    await run.signal('resume');
    await moved(read + 50_000);
  });

  it('stops dead within 3 seconds, and drops the chunk in hand', async () => {
    expect(await standsStillAfter('emergency-stop', 'stopped')).toBeLessThan(3_000);
    await run.signal('resume');
    const status = await environment.waitFor(run, ({ state }) => state === 'waiting');
    expect(items(status)).toMatchObject({ state: 'completed', read: rows, migrated: rows });
  });

  it('pauses in the middle of the verification, and finds no difference in the end', async () => {
    await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
    await environment.waitFor(run, ({ now }) =>
      now.some((doing) => doing.activity === 'verifyStep' && doing.done > 50_000),
    );
    const sentAt = performance.now();
    await run.signal('pause');
    await environment.waitFor(run, ({ state }) => state === 'paused');
    await sleep(1_000);
    expect(writes.lastWriteAt - sentAt).toBeLessThan(5_000);
    await run.signal('resume');
    const status = await environment.waitFor(run, ({ state }) => state === 'waiting');
    expect(items(status)).toMatchObject({ differences: 0 });
  });

  it.runIf(process.platform === 'linux')(`holds less than ${mostMiB} MB`, async () => {
    const kernel = await readFile(`/proc/${worker.pid}/status`, 'utf8');
    const peakMiB = Number(/VmHWM:\s+(\d+) kB/.exec(kernel)?.[1]) / 1024;
    expect(peakMiB).toBeGreaterThan(50);
    expect(peakMiB).toBeLessThan(mostMiB);
  });

  it('pauses and stops in the middle of a rollback, and undoes the rest afterwards', async () => {
    await run.executeUpdate('rollback', { args: [{ scope: 'full' }] });
    await environment.waitFor(run, (status) => (items(status)?.read ?? rows) < rows - 20_000);
    expect(await standsStillAfter('pause', 'paused')).toBeLessThan(5_000);
    const before = (await committed())?.migrated ?? 0;
    expect(before).toBeGreaterThan(0);
    await run.signal('resume');
    await environment.waitFor(run, (status) => (items(status)?.read ?? rows) < before - 20_000);
    expect(await standsStillAfter('emergency-stop', 'stopped')).toBeLessThan(3_000);
    await run.signal('resume');
    expect(await run.result()).toMatchObject({ state: 'rolled-back', rows: { read: 0, migrated: 0 } });
    expect(await environment.query('target', 'select from price_list_items limit 1')).toEqual([]);
  });
});
