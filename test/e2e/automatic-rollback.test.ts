import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fingerprint } from '../../src/backup/fingerprint.js';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';

/** Small tables with a few bad rows are far from 95 % and from 10 %. */
const lenient = { maxErrorRate: 1, minQualityScore: 0.5, backup: false };

describe('a run that must not stand', () => {
  let environment: RunEnvironment;
  let before: Fingerprint;

  beforeAll(async () => {
    environment = await createRunEnvironment();
    await seedLegacy({ url: environment.source.url, rows: 2_000 });
    // A first run that is cancelled leaves the schema and nothing else; with rows of others in it from then on.
    await environment.withWorker(async () => {
      const handle = await environment.start({ tables: ['customers'], backup: false });
      await handle.result();
    });
    await environment.query('target', 'truncate customers');
    await environment.query(
      'target',
      `insert into warehouses (id, code, name, address) values (gen_random_uuid(), 'OWN', 'Ours already', '{}')`,
    );
    before = await takeFingerprint(environment);
  });
  afterAll(() => environment.close());

  async function failureOf(input: Record<string, unknown>): Promise<ApplicationFailure> {
    return environment.withWorker(async () => {
      const handle = await environment.start(input);
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      const { cause } = error as WorkflowFailedError;
      expect(cause).toBeInstanceOf(ApplicationFailure);
      return cause as ApplicationFailure;
    });
  }

  it('with too many rejected rows is undone, and the target is what it was', async () => {
    const failure = await failureOf({ ...lenient, maxErrorRate: 0.001 });
    expect(failure.type).toBe('ERR_003');
    expect(failure.message).toMatch(/were rejected .* rolled back: the target is as it was before/);
    expect(await takeFingerprint(environment)).toEqual(before);
    const status = failure.details?.[0] as RunStatus;
    expect(status.state).toBe('rolled-back');
  });

  it('that passes its deadline is undone', async () => {
    const failure = await failureOf({ ...lenient, maxDuration: '2s' });
    expect(failure.type).toBe('ERR_006');
    expect(await takeFingerprint(environment)).toEqual(before);
  });

  it('whose target is bent behind its back is undone as far as its own rows go', async () => {
    await environment.withWorker(async () => {
      const handle = await environment.start({ ...lenient, tables: ['suppliers'] });
      // Bends a row in the moment in which the copy is done and the verification has not come yet.
      await environment.query(
        'target',
        `create function bend() returns trigger language plpgsql as $$ begin
           if new.state = 'completed' then update suppliers set company_name = 'bent' where id in (select id from suppliers limit 1); end if;
           return new; end $$`,
      );
      await environment.query(
        'target',
        'create trigger bend after update on migration.step_states for each row execute function bend()',
      );
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      await environment.query('target', 'drop trigger bend on migration.step_states');
      expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'ERR_009' });
    });
    expect(await takeFingerprint(environment)).toEqual(before);
  });

  it('that is cancelled is undone in full, then closes as cancelled', async () => {
    await environment.withWorker(async () => {
      const handle = await environment.start(lenient);
      for (let state = ''; state !== 'migrate'; state = (await handle.query<RunStatus>('status')).phase)
        await new Promise((resolve) => setTimeout(resolve, 50));
      await handle.cancel();
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    });
    expect(await takeFingerprint(environment)).toEqual(before);
  });
});
