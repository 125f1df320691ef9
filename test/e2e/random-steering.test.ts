/**
 * Runs on the real stack that are steered at random: signals, updates, and workers that die. Whatever happens, status
 * tells the truth, and in the end the target holds exactly what an undisturbed run makes of it, or exactly what it held
 * before.
 *
 * A failure names its seed; `STEERING_SEED` repeats it.
 */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { contentsOf, type RunContents } from '../helpers/run-contents.js';
import type { RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';
import { killWorkers, startWorkerProcess, type WorkerProcess } from '../helpers/worker-process.js';
import { input, occupiedEnvironment, someProductsIn } from './steering/occupied-target.js';
import { bringToAnEnd } from './steering/bring-to-an-end.js';
import { expectReplays } from './steering/replays.js';
import { expectTrue, settled } from './steering/true-status.js';
import { before, expectUndisturbed, undisturbedRun } from './undisturbed-run.js';

const seed = Number(process.env['STEERING_SEED'] ?? randomInt(2 ** 31));
const sequences = 4;

type Run = Awaited<ReturnType<RunEnvironment['start']>>;

type Operation =
  | { readonly do: 'signal'; readonly name: string }
  | { readonly do: 'update'; readonly name: string; readonly args: object }
  | { readonly do: 'kill the worker' | 'look' }
  | { readonly do: 'wait'; readonly ms: number };

const steps = ['customers', 'suppliers', 'products', 'inventory', 'price-lists', 'price-list-items'];
const update = (name: string, args: fc.Arbitrary<object>): fc.Arbitrary<Operation> =>
  args.map((given) => ({ do: 'update', name, args: given }));

const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .constantFrom('pause', 'resume', 'resume', 'emergency-stop')
      .map((name) => ({ do: 'signal', name }) as const),
  },
  { weight: 3, arbitrary: fc.nat(800).map((ms) => ({ do: 'wait', ms }) as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'look' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'kill the worker' } as const) },
  {
    weight: 2,
    arbitrary: update(
      'rollback',
      fc.oneof(
        fc.record({
          scope: fc.constant('tables'),
          tables: fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 2 }),
        }),
        fc.record({ scope: fc.constant('last-step'), dryRun: fc.boolean() }),
        fc.record({
          scope: fc.constant('checkpoint'),
          checkpoint: fc.constantFrom('customers_completed', 'products_completed'),
        }),
        fc.record({ scope: fc.constant('full'), dryRun: fc.constant(true) }),
      ),
    ),
  },
  { weight: 2, arbitrary: update('retry', fc.constantFrom({}, { table: 'suppliers' })) },
  {
    weight: 1,
    arbitrary: update('run-step', fc.record({ step: fc.constantFrom(...steps, 'validate', 'finalize') })),
  },
  {
    weight: 2,
    arbitrary: update(
      'configure',
      fc.record({
        parallel: fc.integer({ min: 1, max: 4 }),
        batchSizes: fc.record({ products: fc.constantFrom(10, 35) }),
      }),
    ),
  },
  { weight: 1, arbitrary: update('extend-deadline', fc.constant({ by: '10m' })) },
  { weight: 1, arbitrary: update('skip-validation', fc.constant({ reason: 'at random' })) },
);

const lives = fc.sample(
  fc.record({
    mode: fc.constantFrom('auto' as const, 'auto' as const, 'stepwise' as const),
    /** some at once, some when products are being moved */
    early: fc.array(operations, { minLength: 2, maxLength: 4 }),
    middle: fc.array(operations, { minLength: 8, maxLength: 10 }),
    end: fc.constantFrom('complete' as const, 'complete' as const, 'rollback' as const, 'cancel' as const),
  }),
  { seed, numRuns: sequences },
);

let undisturbed: RunContents;
beforeAll(async () => {
  undisturbed = await undisturbedRun();
}, 90_000);
afterAll(killWorkers);

describe(`runs steered at random, STEERING_SEED=${seed}`, { timeout: 180_000 }, () => {
  it.for(lives.map((life, number) => [number, life] as const))(
    'number %s',
    async ([, { mode, early, middle, end }]) => {
      const environment = await occupiedEnvironment();
      try {
        const was = await takeFingerprint(environment);
        let worker = await startWorkerProcess(environment);
        const run = await environment.start({ ...input, mode });
        const told: string[] = [];
        const act = async (operation: Operation) => {
          told.push(`${JSON.stringify(operation)}: ${await perform(operation)}`);
        };
        const perform = async (operation: Operation): Promise<string> => {
          switch (operation.do) {
            case 'signal':
              return run.signal(operation.name, { by: 'a test' }).then(() => 'sent', refusal);
            case 'update':
              return run
                .executeUpdate<object, [object]>(operation.name, { args: [operation.args] })
                .then(() => 'taken', refusal);
            case 'kill the worker':
              worker = await succeed(environment, run, worker);
              return 'another one has taken over';
            case 'wait':
              await sleep(operation.ms);
              return 'done';
            case 'look':
              return expectAllowed(await run.query<RunStatus>('status'));
          }
        };
        try {
          for (const operation of early) await act(operation);
          if (mode === 'auto') {
            await run.signal('resume').catch(refusal);
            await reachProducts(environment, run);
          }
          for (const operation of middle) await act(operation);
          const hasDied = [...early, ...middle].some((each) => each.do === 'kill the worker');
          await expectTrue(environment, await settled(run), { figures: !hasDied });
          const status = await bringToAnEnd(run, end);
          await expectReplays(run);
          await worker.stop();
          if (status.state === 'completed') await expectAsUndisturbed(environment, status);
          const now = await takeFingerprint(environment);
          expect(status.state === 'completed' || isDeepStrictEqual(now, was), 'undone to the last row').toBe(
            true,
          );
          expect(await ownRows(environment)).toBe(50);
        } catch (error) {
          throw new Error(
            `STEERING_SEED=${seed}, ${mode}, to ${end}:\n${told.join('\n')}\n${wordsOf(error)}`,
            { cause: error },
          );
        }
      } finally {
        await killWorkers();
        await environment.close();
      }
    },
  );
});

/**
 * A worker dies without a word, and a new one is started. It is heard before it is told anything: an update that reaches a
 * new worker together with the end of an activity is written into the history in an order that the SDK itself cannot read
 * again (temporalio/sdk-rust, issues 943 and 1146).
 */
async function succeed(environment: RunEnvironment, run: Run, worker: WorkerProcess): Promise<WorkerProcess> {
  worker.signal('SIGKILL');
  await worker.ended;
  const next = await startWorkerProcess(environment);
  await run.query('status');
  return next;
}

/** Not every life gets there: one that was rolled back in part waits. */
async function reachProducts(environment: RunEnvironment, run: Run): Promise<void> {
  await environment.waitFor(run, (status) => status.state === 'waiting' || someProductsIn(status));
}

function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) words.push(each.message);
  return words.join(' ← ');
}

/** The words of a refusal; what is no refusal is thrown. */
function refusal(error: unknown): string {
  const words = wordsOf(error).split(' ← ').at(-1) ?? '';
  expect(words).toMatch(
    /^(run-step|retry|rollback|configure|extend-deadline|skip-validation|the run has no)|already completed|Behind an undo/,
  );
  return words;
}

const states = [
  'running',
  'waiting',
  'paused',
  'stopped',
  'rolling-back',
  'rolled-back',
  'rollback-failed',
  'completed',
];

function expectAllowed(status: RunStatus): string {
  expect(states).toContain(status.state);
  expect(status.waitingFor !== null).toBe(
    ['waiting', 'paused', 'stopped', 'rollback-failed'].includes(status.state),
  );
  for (const { read, migrated, merged, rejected } of status.steps)
    expect(read).toBe(migrated + merged + rejected);
  return status.state;
}

async function ownRows(environment: RunEnvironment): Promise<number> {
  const [row] = await environment.query<{ rows: number }>(
    'target',
    `select count(*)::int as rows from customers t where ${before}`,
  );
  return row?.rows ?? 0;
}

/**
 * Rejects of rows that were rolled back or tried again stay in the quarantine as resolved, and one that was tried again may
 * name the row in its way as the target has it: they are counted here, and all else is compared.
 */
async function expectAsUndisturbed(environment: RunEnvironment, status: RunStatus): Promise<void> {
  await environment.query('target', `delete from migration.rejects where resolved_at is not null`);
  const { rejects } = await contentsOf(environment, status, before);
  expect(rejects?.rows).toBe(undisturbed['rejects']?.rows);
  await expectUndisturbed(environment, status, { ...undisturbed, ...(rejects && { rejects }) });
}
