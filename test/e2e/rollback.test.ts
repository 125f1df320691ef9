/** Going back: what an undo takes, what it leaves alone, and what happens when it cannot be done. */
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';

const lenient = { maxErrorRate: 1, minQualityScore: 0 };
type Run = Awaited<ReturnType<RunEnvironment['start']>>;

describe('a rollback', { timeout: 120_000 }, () => {
  let legacy: RunEnvironment;
  let environment: RunEnvironment;
  let worker: { stop(): Promise<void> };

  beforeAll(async () => {
    legacy = await createRunEnvironment();
    await seedLegacy({ url: legacy.source.url, rows: 1_500 });
  });
  afterAll(() => legacy.close());
  beforeEach(async () => {
    environment = await createRunEnvironment({ SOURCE_DATABASE_URL: legacy.source.url });
    worker = await environment.startWorker();
    return async () => {
      await worker.stop();
      await environment.close();
    };
  });

  const idle = (run: Run) => environment.waitFor(run, ({ state }) => state === 'waiting');
  const target = <Row extends object>(sql: string) => environment.query<Row>('target', sql);

  /** A stepwise run that has moved these steps. */
  async function moved(steps: readonly string[], input: object = { backup: false }): Promise<Run> {
    const run = await environment.start({ ...lenient, mode: 'stepwise', ...input });
    await idle(run);
    for (const step of steps) {
      await run.executeUpdate('run-step', { args: [{ step }] });
      await idle(run);
    }
    return run;
  }

  const rollback = (run: Run, args: object) =>
    run.executeUpdate<{ tables: { step: string; rows: number }[]; rows: number }, [object]>('rollback', {
      args: [args],
    });

  /** What the refusal says. */
  async function refused(run: Run, args: object): Promise<string> {
    const error: unknown = await rollback(run, args).catch((caught: unknown) => caught);
    if (!(error instanceof WorkflowUpdateFailedError))
      throw new Error('it was not refused', { cause: error });
    return error.cause?.message ?? '';
  }

  const states = ({ steps }: RunStatus) => Object.fromEntries(steps.map(({ step, state }) => [step, state]));

  it('of the last step, or to a checkpoint, takes just what came after, and counts what stays anew', async () => {
    const run = await moved(['customers', 'suppliers', 'products', 'price-lists', 'price-list-items']);
    const before = await target<{ sum: number }>('select sum(item_count)::int as sum from price_lists');
    expect(before[0]?.sum).toBeGreaterThan(0);
    expect((await rollback(run, { scope: 'last-step' })).tables.map(({ step }) => step)).toEqual([
      'price-list-items',
    ]);
    expect(states(await idle(run))).toMatchObject({
      'price-lists': 'completed',
      'price-list-items': 'rolled-back',
    });
    expect(await target('select sum(item_count)::int as sum from price_lists')).toEqual([{ sum: 0 }]);
    expect(await refused(run, { scope: 'checkpoint', checkpoint: 'nothing_completed' })).toContain(
      'there are: customers_completed, suppliers_completed, products_completed, price_lists_completed',
    );
    await rollback(run, { scope: 'checkpoint', checkpoint: 'customers_completed' });
    const status = await idle(run);
    expect(states(status)).toMatchObject({
      customers: 'completed',
      suppliers: 'rolled-back',
      'price-lists': 'rolled-back',
    });
    expect(status.checkpoints.map(({ name }) => name)).toEqual(['customers_completed']);
    await rollback(run, { scope: 'full' });
    expect(await run.result()).toMatchObject({ state: 'rolled-back', rows: { read: 0 } });
  });

  it('names rows that somebody has changed since, and takes them only when that is confirmed', async () => {
    const run = await moved(['customers']);
    const [row] = await target<{ id: string }>(
      `update customers set company_name = 'Renamed' where id = (select id from customers limit 1) returning id`,
    );
    const told = await refused(run, { scope: 'full' });
    expect(told).toContain('1 rows of customers were changed or deleted by others');
    expect(told).toContain(row?.id);
    expect(states(await idle(run))).toMatchObject({ customers: 'completed' });
    await rollback(run, { scope: 'full', confirmChanged: true });
    expect(await run.result()).toMatchObject({ state: 'rolled-back' });
    expect(await target('select from customers')).toEqual([]);
  });

  it.for([['on delete no action'], ['on delete cascade']] as const)(
    'never takes what others have built upon the rows (%s): it parks with an account, and goes on when that is gone',
    async ([action]) => {
      const run = await moved(['suppliers', 'products']);
      await target(
        `create table contracts (id int primary key, supplier_id uuid references suppliers ${action});
         insert into contracts select 1, id from suppliers limit 1`,
      );
      expect(await refused(run, { scope: 'full' })).toMatch(
        /1 rows of contracts refer to rows of suppliers that would go/,
      );
      await rollback(run, { scope: 'full', confirmChanged: true });
      const parked = await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
      expect(parked.waitingFor).toMatchObject({ code: 'ERR_010', helps: ['retry', 'rollback'] });
      expect(parked.waitingFor?.reason).toMatch(/Undone: products\. Not undone: suppliers\..*contracts/s);
      expect(await target('select from contracts')).toHaveLength(1);
      await target('drop table contracts');
      await run.executeUpdate('retry');
      expect(await run.result()).toMatchObject({ state: 'rolled-back' });
      expect(await target('select from suppliers')).toEqual([]);
    },
  );

  describe('of a target with rows of its own', () => {
    async function withOwnRows(): Promise<{ run: Run; before: Awaited<ReturnType<typeof takeFingerprint>> }> {
      const first = await moved([]);
      await rollback(first, { scope: 'full' });
      await first.result();
      await target(
        `insert into customers (customer_code, company_name, email) select 'HERE-' || n, 'Here before', n || '@example.org' from generate_series(1, 20) n`,
      );
      const before = await takeFingerprint(environment);
      return { run: await moved(['customers'], {}), before };
    }

    it('restores the backup where one of them is gone', async () => {
      const { run, before } = await withOwnRows();
      await target(`delete from customers where customer_code = 'HERE-7'`);
      await rollback(run, { scope: 'full' });
      const status = await run.result();
      expect(status.state).toBe('rolled-back');
      expect(status.actions).toContainEqual(expect.objectContaining({ what: 'restores the backup' }));
      expect(await takeFingerprint(environment)).toEqual(before);
    });

    it('waits for a confirmation where a restore would take away what others have written since', async () => {
      const { run, before } = await withOwnRows();
      await target(`update customers set company_name = 'Renamed since' where customer_code = 'HERE-7'`);
      await rollback(run, { scope: 'full' });
      const parked = await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
      expect(parked.waitingFor?.reason).toContain('Others have written 1 rows into these tables since');
      expect(states(parked)).toMatchObject({ customers: 'rolled-back' });
      expect(await target(`select company_name from customers where customer_code = 'HERE-7'`)).toEqual([
        { company_name: 'Renamed since' },
      ]);
      await rollback(run, { scope: 'full', fromBackup: true, confirmChanged: true });
      expect(await run.result()).toMatchObject({ state: 'rolled-back' });
      expect(await takeFingerprint(environment)).toEqual(before);
    });

    it('takes back what was confirmed and nothing else: rows of others stay, also where the backup could be restored', async () => {
      const { run } = await withOwnRows();
      await target(
        `update customers set company_name = 'Renamed' where id = (select id from customers where customer_code not like 'HERE-%' limit 1)`,
      );
      await target(
        `insert into customers (customer_code, company_name, email) values ('NEW-1', 'New since', 'new@example.org')`,
      );
      await rollback(run, { scope: 'full', confirmChanged: true });
      const parked = await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
      expect(parked.waitingFor?.reason).toContain('Others have written 1 rows into these tables since');
      expect(await target(`select from customers where customer_code = 'NEW-1'`)).toHaveLength(1);
      const told = await refused(run, { scope: 'full', fromBackup: true });
      expect(told).toContain('A restore would take away 1 rows that others have written since');
      await target(`delete from customers where customer_code = 'NEW-1'`);
      await run.executeUpdate('retry');
      expect(await run.result()).toMatchObject({ state: 'rolled-back' });
    });

    it('from the backup takes the rows of the run too', async () => {
      const { run, before } = await withOwnRows();
      await rollback(run, { scope: 'full', fromBackup: true });
      expect(await run.result()).toMatchObject({ state: 'rolled-back', rows: { read: 0 } });
      expect(await takeFingerprint(environment)).toEqual(before);
    });
  });

  it('that the run itself needs parks too, and then ends as what it was for', async () => {
    const run = await moved(['suppliers']);
    await target(
      `create table contracts (id int primary key, supplier_id uuid references suppliers);
       insert into contracts select 1, id from suppliers limit 1`,
    );
    await run.executeUpdate('configure', { args: [{ maxErrorRate: 0.0001 }] });
    await run.executeUpdate('run-step', { args: [{ step: 'products' }] });
    const parked = await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
    expect(parked.waitingFor?.reason).toMatch(
      /Undone: nothing\. Not undone: products, suppliers\..*contracts/s,
    );
    await target('drop table contracts');
    await run.executeUpdate('retry');
    const error: unknown = await run.result().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'ERR_003' });
    expect(await target('select from suppliers')).toEqual([]);
  });

  it('that a cancellation began can be confirmed, and closes as cancelled', async () => {
    const run = await moved(['customers']);
    await target(
      `update customers set company_name = 'Renamed' where id = (select id from customers limit 1)`,
    );
    await run.cancel();
    await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
    expect(await rollback(run, { scope: 'full', dryRun: true })).toMatchObject({
      needsConfirmChanged: [expect.stringContaining('1 rows of customers were changed')],
    });
    await rollback(run, { scope: 'full', confirmChanged: true });
    await expect(run.result()).rejects.toThrow('Workflow execution cancelled');
    expect(await target('select from customers')).toEqual([]);
  });

  it('is not needed to finish: what is complete stays, what is half in is taken back', async () => {
    const run = await moved(['customers']);
    await target(
      `create function slow() returns trigger language plpgsql as $$ begin
         if (select count(*) from suppliers) > 20 then perform pg_sleep(0.2); end if; return new; end $$;
       create trigger slow after insert on suppliers for each row execute function slow()`,
    );
    await run.executeUpdate('configure', { args: [{ batchSizes: { default: 10 } }] });
    await run.executeUpdate('run-step', { args: [{ step: 'suppliers' }] });
    await environment.waitFor(run, ({ steps }) => (steps[1]?.read ?? 0) > 0);
    await run.signal('emergency-stop', { by: 'anna' });
    const stopped = await environment.waitFor(run, ({ state }) => state === 'stopped');
    expect(stopped.waitingFor?.helps).toEqual(['rollback', 'resume', 'finish']);
    await target('drop trigger slow on suppliers');
    expect(await run.executeUpdate('finish')).toMatchObject({ keeps: ['customers'], undoes: ['suppliers'] });
    const status = await run.result();
    expect(status.state).toBe('completed');
    expect(states(status)).toMatchObject({
      customers: 'completed',
      suppliers: 'rolled-back',
      products: 'pending',
    });
    expect(await target('select from suppliers')).toEqual([]);
    expect(await target('select from customers limit 1')).toHaveLength(1);
  });
});
