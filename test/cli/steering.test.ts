import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCustomers } from '../engine/surveyed-customers.js';
import { commandLine, type Said } from '../helpers/command-line.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

const lines = ({ stdout }: Said): string[] => stdout.split('\n').map((line) => line.trim());

describe('an operator at a terminal', { timeout: 120_000 }, () => {
  let environment: RunEnvironment;
  let type: (...words: readonly string[]) => Promise<Said>;

  beforeAll(async () => {
    environment = await createRunEnvironment();
    type = await commandLine(environment.env);
    await makeCustomers(environment.source.url, 1_250);
  });
  afterAll(() => environment.close());

  it('is told that no run is open, and how to start one', async () => {
    expect(await type('status')).toEqual({
      stdout: '',
      stderr: '❌ ERR_002: No run is open.\n   Start one: nxt-migrate start-session --name=<name>.\n',
      code: 1,
    });
    expect(JSON.parse((await type('status', '--json')).stdout)).toEqual({
      error: {
        code: 'ERR_002',
        message: 'No run is open.',
        next: 'Start one: nxt-migrate start-session --name=<name>.',
      },
    });
  });

  it('opens a session, moves a step, looks, steers, undoes and closes it by commands alone', async () => {
    await environment.withWorker(async () => {
      const opened = await type('start-session', '--name=Rehearsal', '--tables=customers');
      expect(opened).toMatchObject({ code: 0, stderr: '' });
      expect(opened.stdout).toContain('🚀 Session migration-Rehearsal is open\n');
      expect(opened.stdout).toContain('migration-Rehearsal: waiting, phase 1 of 4 (prepare)\n');

      const other = await type('products');
      expect(other.code).toBe(1);
      expect(other.stderr).toMatch(/^❌ ERR_002: .*no step or table products; allowed are customers/);
      expect(other.stderr).toContain('nxt-migrate status --session=migration-Rehearsal');

      const moved = await type('customers');
      expect(moved).toMatchObject({ code: 0, stderr: '' });
      expect(lines(moved)).toContain('🔄 Migrating customers...');
      expect(lines(moved)).toContain('✅ Customer migration completed: 1,250 records migrated');

      const status = await type('status', '--session=Rehearsal', '--table=customers');
      expect(status).toMatchObject({ code: 0, stderr: '' });
      expect(lines(status)).toContain('📊 Progress: 1,250/1,250 customers (100%)');
      expect(lines(status)).toContain('nxt-migrate rollback --full --session=migration-Rehearsal');
      expect(lines(status)).toContain('✅ Customer migration completed: 1,250 records migrated');
      const document = JSON.parse((await type('progress', '--json')).stdout);
      expect(document).toMatchObject({
        run: 'migration-Rehearsal',
        state: 'waiting',
        rows: { read: 1250, migrated: 1250, merged: 0, rejected: 0 },
      });
      const unknown = await type('status', '--table=nothing');
      expect(unknown.code).toBe(1);
      expect(unknown.stderr).toContain('The run has no table nothing.\n   Name one of customers.');
      expect(await type('errors', '--summary')).toEqual({
        stdout: '✅ No row is in the quarantine\n',
        stderr: '',
        code: 0,
      });

      const paused = await type('pause', '--reason=the shop opens');
      expect(paused.code).toBe(0);
      expect(paused.stdout).toContain('migration-Rehearsal: paused');
      expect((await type('resume')).stdout).toContain('migration-Rehearsal: waiting');
      const stopped = await type('emergency-stop', '--json');
      expect(JSON.parse(stopped.stdout)).toMatchObject({ status: { state: 'stopped' } });
      expect((await type('resume')).code).toBe(0);

      expect((await type('configure', '--batch-sizes=customers:500', '--parallel=1')).stdout).toContain(
        'batchSizes',
      );
      const empty = await type('configure');
      expect(empty.code).toBe(2);
      expect(empty.stderr).toContain('Say what is to change');
      const nameless = await type('step');
      expect(nameless.code).toBe(2);
      expect(nameless.stderr).toContain('Say which step with --name=<step>');
      expect((await type('errors', '--table=nothing')).stderr).toContain('The run has no table nothing.');
      expect((await type('extend-timeout', '--by=30m')).code).toBe(0);
      expect((await type('skip-validation')).code).toBe(2);

      // Nothing is destroyed before it was said what, and confirmed.
      const refused = await type('rollback', '--table=customers');
      expect(refused.code).toBe(1);
      expect(lines(refused)).toContain('customers: 1,250 rows');
      expect(refused.stderr).toContain('Nothing was done.\n   Type the same with --confirm to do it.\n');
      expect(await type('rollback', '--dry-run')).toMatchObject({ code: 2 });
      const dry = await type('rollback', '--full', '--dry-run', '--json');
      expect(JSON.parse(dry.stdout)).toMatchObject({ done: false, plan: { rows: 1250 } });
      expect(await environment.query('target', 'select count(*)::int as rows from customers')).toEqual([
        { rows: 1250 },
      ]);
      const undone = await type('rollback', '--table=customers', '--confirm', '--reason=a rehearsal');
      expect(undone).toMatchObject({ code: 0, stderr: '' });
      expect(await environment.query('target', 'select count(*)::int as rows from customers')).toEqual([
        { rows: 0 },
      ]);

      expect((await type('customers', '--json')).code).toBe(0);
      const closed = await type('stop-session', '--reason=enough');
      expect(closed).toMatchObject({ code: 0, stderr: '' });
      expect(closed.stdout).toContain('migration-Rehearsal: completed');
      // A closed run can still be looked at, but takes no orders.
      expect((await type('status', '--session=Rehearsal')).stdout).toContain('completed');
      const late = await type('pause', '--session=Rehearsal');
      expect(late.code).toBe(1);
      expect(late.stderr).toContain('The run migration-Rehearsal is not open.');
    });
    const [action] = await environment.query<{ actions: number }>(
      'target',
      `select count(*)::int as actions from migration.runs where run = 'migration-Rehearsal'`,
    );
    expect(action).toEqual({ actions: 1 });
  });

  it('undoes everything at once in an emergency', async () => {
    await environment.withWorker(async () => {
      expect((await type('start-session', '--name=Second', '--tables=customers')).code).toBe(0);
      expect((await type('emergency-stop')).code).toBe(0);
      const undone = await type('emergency-rollback', '--confirm');
      expect(undone).toMatchObject({ code: 0, stderr: '' });
      expect(undone.stdout).toContain('migration-Second: rolled-back');
    });
  });

  it('is told what cannot be reached, with exit code 3', async () => {
    const away = await commandLine({ ...environment.env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const said = await away('status');
    expect(said).toMatchObject({ stdout: '', code: 3 });
    expect(said.stderr).toMatch(/^❌ ERR_001: Temporal cannot be reached at 127.0.0.1:1/);
  });
});
