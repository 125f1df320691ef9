/** A run ends without a word: terminated, or with all that Temporal knew. The target's own tables know how far it was. */
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fingerprint } from '../../src/backup/fingerprint.js';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createKeeper } from '../../src/servers/keeper.js';
import { startTemporalDevServer } from '../../src/servers/temporal-dev-server.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { contentsOf, type RunContents } from '../helpers/run-contents.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';

const input = { maxErrorRate: 1, minQualityScore: 0, batchSizes: { default: 50 } };
type Run = Awaited<ReturnType<RunEnvironment['start']>>;

describe('what a run has left behind', { timeout: 120_000 }, () => {
  let legacy: RunEnvironment;
  let undisturbed: RunContents;
  let environment: RunEnvironment;
  let before: Fingerprint;

  beforeAll(async () => {
    legacy = await createRunEnvironment();
    await seedLegacy({ url: legacy.source.url, rows: 3_000 });
    const status = await legacy.withWorker(async () => (await legacy.start(input)).result());
    undisturbed = await contentsOf(legacy, status);
  }, 90_000);
  afterAll(() => legacy.close());

  beforeEach(async () => {
    environment = await createRunEnvironment({ SOURCE_DATABASE_URL: legacy.source.url });
    return () => environment.close();
  });

  /** A run in the middle of a step. */
  async function begun(): Promise<Run> {
    const run = await environment.start(input);
    await environment.waitFor(run, ({ phase }) => phase === 'migrate');
    before = await fingerprintOf(run);
    await environment.waitFor(run, ({ steps }) => (steps[2]?.read ?? 0) > 0);
    await run.signal('pause');
    await environment.waitFor(run, ({ state }) => state === 'paused');
    return run;
  }

  const fingerprintOf = async (run: Run) => {
    const [row] = await environment.query<{ fingerprint: Fingerprint }>(
      'target',
      'select fingerprint from migration.runs where run = $1',
      [run.workflowId],
    );
    if (!row) throw new Error('the run is not entered');
    return row.fingerprint;
  };

  async function heldBy(next: Run, first: Run): Promise<RunStatus> {
    const status = await environment.waitFor(next, ({ state }) => state === 'waiting');
    expect(status.waitingFor).toMatchObject({ helps: ['retry', 'rollback'] });
    expect(status.waitingFor?.reason).toContain(`the run ${first.workflowId}`);
    expect(status.waitingFor?.reason).toMatch(/\d+ rows of customers, suppliers, products/);
    return status;
  }

  async function expectComplete(status: RunStatus): Promise<void> {
    expect(status.state).toBe('completed');
    for (const step of status.steps) {
      expect(step).toMatchObject({ state: 'completed', read: step.source, differences: 0 });
      expect(step.read).toBe(step.migrated + step.merged + step.rejected);
    }
    const [run] = await environment.query<{ startedAt: Date }>(
      'target',
      'select started_at as "startedAt" from migration.runs',
    );
    const startedAt = run?.startedAt.toISOString() ?? '';
    expect(await contentsOf(environment, { ...status, startedAt })).toEqual(undisturbed);
  }

  it.for([['the same workflow id'], ['another workflow id']] as const)(
    'after terminate is gone on with under %s',
    ([id]) =>
      environment.withWorker(async () => {
        const first = await begun();
        await first.terminate('a test');
        const next = await environment.start(
          input,
          id === 'the same workflow id' ? first.workflowId : undefined,
        );
        await heldBy(next, first);
        await next.executeUpdate('retry');
        await expectComplete(await next.result());
        const rows = await environment.query('target', 'select run, state, continued_by from migration.runs');
        expect(rows).toEqual([{ run: first.workflowId, state: 'completed', continued_by: next.workflowId }]);
      }),
  );

  it('after terminate is undone in full, when that is asked for', () =>
    environment.withWorker(async () => {
      const first = await begun();
      await first.terminate('a test');
      const next = await environment.start(input);
      await heldBy(next, first);
      await next.executeUpdate('rollback', { args: [{ scope: 'full' }] });
      expect(await next.result()).toMatchObject({ state: 'rolled-back' });
      expect(await takeFingerprint(environment)).toEqual(before);
      // Nothing is left to ask about.
      expect(await (await environment.start(input)).result()).toMatchObject({ state: 'completed' });
    }));

  it('is named with its rows before it is undone, and shown to whoever lists the runs that wait', () =>
    environment.withWorker(async () => {
      const first = await begun();
      await first.terminate('a test');
      const next = await environment.start({ ...input, tables: ['suppliers'] });
      await heldBy(next, first);
      const dry = await next.executeUpdate<{ rows: number; tables: { step: string }[] }, [object]>(
        'rollback',
        {
          args: [{ scope: 'full', dryRun: true }],
        },
      );
      expect(dry.tables.map(({ step }) => step)).toEqual(['products', 'suppliers', 'customers']);
      expect(dry.rows).toBeGreaterThan(0);
      const { typedSearchAttributes } = await next.describe();
      const shown = Object.fromEntries(
        typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
      );
      expect(shown).toMatchObject({ MigrationState: 'waiting', MigrationName: next.workflowId });
      await next.executeUpdate('rollback', { args: [{ scope: 'full' }] });
      await next.result();
    }));

  it('of fewer tables than are wanted now is gone on with as it was, and that is said', () =>
    environment.withWorker(async () => {
      const first = await environment.start({ ...input, tables: ['customers'] });
      await environment.waitFor(first, ({ phase }) => phase === 'migrate');
      await first.signal('pause');
      await environment.waitFor(first, ({ state }) => state === 'paused');
      await first.terminate('a test');
      const next = await environment.start(input);
      await environment.waitFor(next, ({ state }) => state === 'waiting');
      await next.executeUpdate('retry');
      const status = await next.result();
      expect(status.steps.map(({ step, state }) => [step, state])).toEqual([['customers', 'completed']]);
      expect(status.actions.map(({ reason }) => reason).join()).toContain(
        'that run was not to move suppliers, products, inventory, price-lists, price-list-items, upload-history',
      );
    }));

  it('is left alone by a run that is cancelled instead', () =>
    environment.withWorker(async () => {
      const first = await begun();
      await first.terminate('a test');
      const chunks = await environment.query('target', 'select count(*) from migration.chunks');
      const next = await environment.start(input);
      await heldBy(next, first);
      await next.cancel();
      await expect(next.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      expect(await environment.query('target', 'select count(*) from migration.chunks')).toEqual(chunks);
    }));

  it("with Temporal's whole state lost is gone on with by another Temporal", async () => {
    const keeper = createKeeper({ log: () => undefined });
    try {
      const lost = await startTemporalDevServer({ keeper });
      const settings = {
        SOURCE_DATABASE_URL: legacy.source.url,
        DATABASE_URL: environment.target.url,
        BACKUP_DATABASE_URL: environment.backup.url,
      };
      const elsewhere = await createRunEnvironment(settings, { temporalAddress: lost.address });
      const worker = await elsewhere.startWorker();
      const first = await elsewhere.start(input);
      await elsewhere.waitFor(first, ({ steps }) => (steps[2]?.read ?? 0) > 0);
      await first.signal('emergency-stop');
      await elsewhere.waitFor(first, ({ state }) => state === 'stopped');
      await worker.stop();
      await elsewhere.close();
      await lost.stop();
      await environment.withWorker(async () => {
        const next = await environment.start(input);
        expect((await heldBy(next, first)).phase).toBe('prepare');
        await next.executeUpdate('retry');
        await expectComplete(await next.result());
      });
    } finally {
      await keeper.close();
    }
  });
});
