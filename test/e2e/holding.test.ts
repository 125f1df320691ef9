/** What holds a run, what lets it go, and what it does not wait for. */
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

const lenient = { maxErrorRate: 1, minQualityScore: 0, backup: false };

describe('a run', { timeout: 120_000 }, () => {
  let legacy: RunEnvironment;
  beforeAll(async () => {
    legacy = await createRunEnvironment();
    await seedLegacy({ url: legacy.source.url, rows: 1_500 });
  });
  afterAll(() => legacy.close());

  /** A target of its own over the same legacy database, or over another one. */
  async function withRun<T>(
    work: (environment: RunEnvironment) => Promise<T>,
    settings: Record<string, string> = { SOURCE_DATABASE_URL: legacy.source.url },
  ): Promise<T> {
    const environment = await createRunEnvironment(settings);
    try {
      return await environment.withWorker(() => work(environment));
    } finally {
      await environment.close();
    }
  }

  const stepOf = ({ steps }: RunStatus, name: string) => steps.find(({ step }) => step === name);

  it('whose step fails although tried again holds with the reason, and goes on where it was when told to', () =>
    withRun(
      async (environment) => {
        const run = await environment.start({ ...lenient, batchSizes: { default: 50 } });
        await environment.waitFor(run, ({ checkpoints }) => checkpoints.length > 0);
        await environment.query('target', 'alter table products rename to products_away');
        const held = await environment.waitFor(run, ({ state }) => state === 'waiting');
        expect(held.waitingFor).toMatchObject({ helps: ['retry', 'rollback', 'finish'] });
        expect(held.waitingFor?.reason).toContain('products');
        expect(held.lastError?.next).not.toBe('');
        expect(stepOf(held, 'products')).toMatchObject({ state: 'failed' });
        const suppliers = stepOf(held, 'suppliers');
        await environment.query('target', 'alter table products_away rename to products');
        await run.executeUpdate('retry');
        const status = await run.result();
        expect(status.state).toBe('completed');
        expect(stepOf(status, 'suppliers')).toMatchObject({ ...suppliers, differences: 0 });
        for (const step of status.steps)
          expect(step).toMatchObject({ state: 'completed', read: step.source });
      },
      { SOURCE_DATABASE_URL: legacy.source.url, MIGRATION_MAX_RETRIES: '0' },
    ));

  it('moves quarantined rows again once their cause is mended, and counts them where they are', () =>
    withRun(async (environment) => {
      await seedLegacy({ url: environment.source.url, rows: 1_500 });
      const run = await environment.start({ ...lenient, mode: 'stepwise' });
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      await run.executeUpdate('run-step', { args: [{ step: 'customers' }] });
      const before = stepOf(await environment.waitFor(run, ({ state }) => state === 'waiting'), 'customers');
      expect(before?.rejected).toBeGreaterThan(0);
      const bad = await environment.query<{ id: string }>(
        'target',
        `select legacy_id as id from migration.rejects where column_name = 'email' and codes = '{ERR_003}'`,
      );
      expect(bad.length).toBeGreaterThan(0);
      await environment.query(
        'source',
        `update legacy_customers set email = 'mended' || id || '@example.org' where id::text = any($1)`,
        [bad.map(({ id }) => id)],
      );
      const answer = await run.executeUpdate<{ quarantined: object[] }, [object]>('retry', {
        args: [{ table: 'customers' }],
      });
      expect(answer.quarantined).toEqual([{ table: 'customers', rows: before?.rejected }]);
      const status = await environment.waitFor(run, ({ state }) => state === 'waiting');
      const after = stepOf(status, 'customers');
      expect(after).toMatchObject({ state: 'completed', read: before?.read });
      expect(after?.rejected).toBe((before?.rejected ?? 0) - bad.length);
      expect(after?.migrated).toBe((before?.migrated ?? 0) + bad.length);
      expect(
        await environment.query('target', 'select from customers where email like $1', ['mended%']),
      ).toHaveLength(bad.length);
      await run.executeUpdate('run-step', { args: [{ step: 'validate' }] });
      const validated = await environment.waitFor(run, ({ state }) => state === 'waiting');
      expect(stepOf(validated, 'customers')).toMatchObject({ differences: 0 });
      expect(validated.lastError).toBeNull();
      await run.executeUpdate('rollback', { args: [{ scope: 'full' }] });
      expect(await run.result()).toMatchObject({ state: 'rolled-back' });
      expect(await environment.query('target', 'select from customers')).toEqual([]);
    }, {}));

  it('only tells of an error rate that is worth an alert', () =>
    withRun(async (environment) => {
      const run = await environment.start({ ...lenient, tables: ['customers'], alertErrorRate: 0.001 });
      const status = await run.result();
      expect(status.state).toBe('completed');
      expect(status.actions).toContainEqual(
        expect.objectContaining({
          what: 'alert',
          reason: expect.stringContaining('rows of customers were rejected'),
        }),
      );
    }));

  it('is undone in the middle of a step when the rejected rows of all steps together are too many', () =>
    withRun(async (environment) => {
      // The second step has too few rows to judge it by itself when the two together are enough.
      await environment.query(
        'source',
        `create table legacy_suppliers (id uuid primary key, supplier_code text, company_name text, email text, created_at timestamp);
         create table legacy_vendors (id uuid primary key, vendor_code text, company_name text, email text, created_at timestamp);
         create table legacy_price_lists (id uuid primary key, supplier_id uuid, name text, effective_date date, status text);
         insert into legacy_suppliers select md5('s' || i)::uuid, 'SUP-' || i, 'Supplier ' || i, 'office' || i || '@supplier.example', '2020-01-01' from generate_series(1, 100) i;
         insert into legacy_price_lists select md5('l' || i)::uuid, md5('s50')::uuid, null, '2024-01-01', 'draft' from generate_series(1, 1000) i`,
      );
      const run = await environment.start({
        tables: ['price-lists'],
        backup: false,
        minQualityScore: 0,
        minErrorSample: 200,
        batchSizes: { default: 10 },
      });
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      await run.executeUpdate('skip-validation', { args: [{ reason: 'every price list is bad' }] });
      const error: unknown = await run.result().catch((caught: unknown) => caught);
      const { cause } = error as WorkflowFailedError;
      expect(cause).toMatchObject({ type: 'ERR_003' });
      const [, rejected, read] =
        /^(\d+) of (\d+) rows of the run were rejected/.exec(cause?.message ?? '') ?? [];
      expect(Number(read)).toBeGreaterThanOrEqual(200);
      expect(Number(read)).toBeLessThan(300);
      expect(Number(rejected)).toBe(Number(read) - 100);
      expect(await environment.query('target', 'select from suppliers')).toEqual([]);
    }, {}));

  it('that smaller chunks do not fit into its memory is undone, and says so', () =>
    withRun(
      async (environment) => {
        const run = await environment.start({ ...lenient, batchSizes: { default: 20 } });
        const error: unknown = await run.result().catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(WorkflowFailedError);
        expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'ERR_007' });
        expect((error as WorkflowFailedError).cause?.message).toContain('rolled back');
        expect(await environment.query('target', 'select from customers')).toEqual([]);
      },
      // Less than this process has in use by itself.
      { SOURCE_DATABASE_URL: legacy.source.url, MIGRATION_MEMORY_LIMIT: '64' },
    ));
});
