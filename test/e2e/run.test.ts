import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';

describe('a whole run', () => {
  let environment: RunEnvironment;
  let status: RunStatus;

  beforeAll(async () => {
    environment = await createRunEnvironment();
    await seedLegacy({ url: environment.source.url, rows: 3_000 });
    status = await environment.run({ name: 'first' });
  });
  afterAll(() => environment.close());

  it('completes and is verified', () => {
    expect(status).toMatchObject({ name: 'first', plan: 'nxt', state: 'completed', phase: 'finalize' });
    for (const step of status.steps) expect(step).toMatchObject({ state: 'completed', differences: 0 });
  });

  it('accounts for every row', async () => {
    for (const step of status.steps) {
      expect(step.read).toBe(step.source);
      expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      const [target] = await environment.query<{ rows: string }>(
        'target',
        `select count(*) as rows from ${step.table}`,
      );
      expect(Number(target?.rows)).toBe(step.migrated);
    }
  });

  it('puts every index and foreign key back', async () => {
    const off = await environment.query(
      'target',
      'select * from migration.deferred_objects where rebuilt_at is null',
    );
    expect(off).toEqual([]);
    const keys = await environment.query(
      'target',
      "select from pg_constraint where contype = 'f' and conrelid::regclass::text in ('products', 'inventory')",
    );
    expect(keys).toHaveLength(2);
  });
});
