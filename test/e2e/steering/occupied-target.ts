/** A target that is somebody's already, and slow enough to be met in the middle of a copy. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunStatus } from '../../../src/contract/status.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';

/** Small chunks, and many of the products. */
export const input = { batchSizes: { default: 200, products: 20 }, parallel: 2 };

/** An environment whose target has the plan's tables, with rows that `before` of the undisturbed run tells apart. */
export async function occupiedEnvironment(): Promise<RunEnvironment> {
  const environment = await createRunEnvironment();
  await seedLegacy({ url: environment.source.url, rows: 4_000 });
  const schema = await readFile(path.join(nxtPlan.schema.migrationsFolder, '0000_nxt.sql'), 'utf8');
  await environment.query('target', schema);
  await environment.query(
    'target',
    `insert into customers (customer_code, company_name, email)
     select 'HERE-' || n, 'Here before ' || n, n || '@example.org' from generate_series(1, 50) n`,
  );
  // Each chunk of products takes a tenth of a second: time to be spoken to.
  await environment.query(
    'target',
    `create schema test;
     create function test.take_time() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return null; end $$;
     create trigger take_time before insert on products for each statement execute function test.take_time()`,
  );
  return environment;
}

type Run = Awaited<ReturnType<RunEnvironment['start']>>;

/** Waits until some products are in, and not all. */
export async function inTheMiddleOfProducts(environment: RunEnvironment, run: Run): Promise<void> {
  await environment.waitFor(run, someProductsIn);
}

export function someProductsIn({ steps }: RunStatus): boolean {
  return steps.some(({ step, state, read }) => step === 'products' && state === 'running' && read > 0);
}
