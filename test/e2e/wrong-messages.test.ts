/**
 * Messages that are wrong: not known, not readable, enormous, too early, too late, too many, or against each other. The
 * sender is told; the run comes to what it would have come to, or is undone exactly.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import type { RunContents } from '../helpers/run-contents.js';
import type { RunEnvironment } from '../helpers/run-environment.js';
import { takeFingerprint } from '../helpers/target-fingerprint.js';
import { inTheMiddleOfProducts, input, occupiedEnvironment } from './steering/occupied-target.js';
import { payloadOf, rawMessages, startRaw } from './steering/raw-messages.js';
import { expectUndisturbed, resultOf, undisturbedRun } from './undisturbed-run.js';

type Run = Awaited<ReturnType<RunEnvironment['start']>>;

/** As large as Temporal lets a payload be. */
const enormous = 'x'.repeat(1_900_000);

function update(run: Run, name: string, args?: unknown): Promise<Record<string, unknown>> {
  return run.executeUpdate<Record<string, unknown>, [unknown]>(name, { args: [args] });
}

/** Sends an update, and waits only until the run has begun to look into it. */
async function begun(run: Run, name: string, args: object): Promise<{ result(): Promise<unknown> }> {
  return run.startUpdate<unknown, [unknown]>(name, { args: [args], waitForStage: 'ACCEPTED' });
}

/** What the sender of a refused update is told, the innermost words; throws when it is taken. */
async function refusalOf(asked: Promise<unknown>): Promise<string> {
  const told: unknown = await asked.then(
    (answer) => new Error(`it was taken: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  let words = '';
  for (let error = told; error instanceof Error; error = error.cause) words = error.message || words;
  return words;
}

const stateOf = async (run: Run) => (await run.query<RunStatus>('status')).state;

describe('a run goes on to what an undisturbed one comes to', { timeout: 120_000 }, () => {
  let undisturbed: RunContents;
  let environment: RunEnvironment;
  beforeAll(async () => {
    undisturbed = await undisturbedRun();
  }, 90_000);

  async function inPeace(work: () => Promise<Run>): Promise<RunStatus> {
    environment = await occupiedEnvironment();
    try {
      const status = await environment.withWorker(async () => resultOf(await work()));
      await expectUndisturbed(environment, status, undisturbed);
      return status;
    } finally {
      await environment.close();
    }
  }

  it('although it is told nonsense in the middle of a copy', async () => {
    const status = await inPeace(async () => {
      const run = await environment.start(input);
      await inTheMiddleOfProducts(environment, run);
      const raw = rawMessages(environment, run);
      const manyFields = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`field${n}`, 1]));

      const refusals: readonly (readonly [RegExp, () => Promise<unknown>])[] = [
        [/No registered handler for update: roll-back/, () => update(run, 'roll-back', {})],
        [/rollback: scope: nothing is not allowed/, () => update(run, 'rollback')],
        [/rollback: scope: "all" is not allowed/, () => update(run, 'rollback', { scope: 'all' })],
        [/rollback: input: \[\] is not allowed/, () => update(run, 'rollback', [])],
        [
          /rollback: soon: unknown field; allowed are scope, /,
          () => update(run, 'rollback', { scope: 'full', soon: 1 }),
        ],
        [
          /no checkpoint nowhere; there are: customers_completed/,
          () => update(run, 'rollback', { scope: 'checkpoint', checkpoint: 'nowhere' }),
        ],
        [
          /name the tables to undo; allowed are customers/,
          () => update(run, 'rollback', { scope: 'tables' }),
        ],
        [
          /no step or table clients; allowed are customers/,
          () => update(run, 'rollback', { scope: 'tables', tables: ['clients'] }),
        ],
        [
          /of these, nothing is in the target/,
          () => update(run, 'rollback', { scope: 'tables', tables: ['upload-history'] }),
        ],
        [
          /run-step: the run is running; allowed now are/,
          () => update(run, 'run-step', { step: 'inventory' }),
        ],
        [/skip-validation: the run is running/, () => update(run, 'skip-validation', { reason: 'hurry' })],
        [/finish: the run is running/, () => update(run, 'finish', {})],
        [/configure: parallel: "2" is not allowed/, () => update(run, 'configure', { parallel: '2' })],
        [/no step or table constructor/, () => update(run, 'configure', { batchSizes: { constructor: 5 } })],
        [/extend-deadline: by: "-1h" is not allowed/, () => update(run, 'extend-deadline', { by: '-1h' })],
        [/configure: input: "xxx/, () => update(run, 'configure', enormous)],
        [/configure: xxx.* unknown field/, () => update(run, 'configure', { [enormous]: 1 })],
        [/configure: field0: unknown field.* and \d+ more/, () => update(run, 'configure', manyFields)],
        [/tables/, () => update(run, 'rollback', { scope: 'tables', tables: Array(200_000).fill('') })],
      ];
      for (const [words, ask] of refusals) {
        const told = await refusalOf(ask());
        expect(told).toMatch(words);
        expect(told.length).toBeLessThan(5_000);
      }

      expect(await raw.refusedUpdate('rollback', { payloads: [] })).toContain(
        'scope: nothing is not allowed',
      );
      // Not JSON, whatever it says it is.
      for (const payload of [
        payloadOf('{not json'),
        payloadOf('', 'json/plain'),
        payloadOf('x', 'no/such'),
        payloadOf(enormous, 'binary/plain'),
        { payloads: [{ data: Buffer.from('x') }] },
      ]) {
        expect(await raw.refusedUpdate('configure', payload)).toMatch(
          /^configure: unreadablePayload: unknown field/,
        );
        expect(await raw.query('status', payload)).toMatchObject({ state: 'running', phase: 'migrate' });
        expect(await raw.query('activity-report', payload)).toBe('go');
        await raw.signal('resume', payload);
      }
      await run.signal('resume', enormous);
      await run.signal('puase');
      await expect(run.query('stat')).rejects.toThrow(/Registered queries: .*status progress checkpoints/);
      return run;
    });
    const unread = status.actions.filter(({ reason }) =>
      reason?.includes('its payload was none that is known'),
    );
    expect(unread).toHaveLength(6);
    expect(status.actions).toContainEqual(
      expect.objectContaining({
        what: 'signal puase',
        reason: expect.stringContaining('there are pause, resume'),
      }),
    );
    expect(status.actions.map(({ what }) => what)).not.toContain('configure');
  });

  it('although it is spoken to before it has begun', async () => {
    await inPeace(async () => {
      const workflowId = `early-${randomUUID()}`;
      const run = await environment.temporal.workflow.signalWithStart<() => Promise<RunStatus>, [unknown]>(
        'migration',
        {
          taskQueue: environment.taskQueue,
          workflowId,
          args: [input] as unknown as [],
          signal: 'pause',
          signalArgs: [{ by: 'anna' }],
        },
      );
      await run.signal('pause');
      expect(await refusalOf(update(run, 'finish', {}))).toMatch(/finish: /);
      expect(await refusalOf(update(run, 'run-step', { step: 'customers' }))).toMatch(/the run is paused/);
      expect(await run.query('status')).toMatchObject({ state: 'paused', phase: 'prepare', steps: [] });
      expect(await update(run, 'rollback', { scope: 'full', dryRun: true })).toMatchObject({
        rows: 0,
        tables: [],
      });
      expect(
        await environment.query('target', `select from pg_namespace where nspname = 'migration'`),
      ).toEqual([]);
      await run.signal('resume');
      return run;
    });
  });

  it('although it is stopped and resumed fifty times in a copy, and hundreds of signals come at once', async () => {
    let run: Run | undefined;
    const status = await inPeace(async () => {
      run = await environment.start(input);
      await inTheMiddleOfProducts(environment, run);
      for (let turn = 0; turn < 50; turn++) {
        await run.signal('emergency-stop', { by: 'ben', reason: enormous.slice(0, 500) });
        await run.signal('resume', { by: 'anna' });
      }
      const told = run;
      await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          told.signal(n % 3 === 0 ? 'pause' : `hello ${n}`, enormous.slice(0, 500)),
        ),
      );
      await environment.waitFor(run, ({ state }) => state === 'paused');
      await run.signal('resume');
      return run;
    });
    expect(status.actions.length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(status).length).toBeLessThan(300_000);
  });
});

describe('a run that may not start', { timeout: 60_000 }, () => {
  it('because of its input fails at once, in words, and has touched nothing', async () => {
    const environment = await occupiedEnvironment();
    const wrong = [
      [payloadOf('{not json'), /unreadablePayload: unknown field/],
      [payloadOf('[]'), /input: \[\] is not allowed/],
      [payloadOf(JSON.stringify({ [enormous]: 1 })), /xxx\.\.\.: unknown field/],
      [payloadOf(JSON.stringify({ tables: Array(100_000).fill('products') })), /tables: .* is not allowed/],
    ] as const;
    try {
      await environment.withWorker(async () => {
        for (const [payload, words] of wrong) {
          const run = await startRaw(environment, `wrong-${randomUUID()}`, payload);
          const told = await refusalOf(run.result());
          expect(told).toMatch(words);
          expect(told.length).toBeLessThan(5_000);
        }
      });
      expect(
        await environment.query('target', `select from pg_namespace where nspname = 'migration'`),
      ).toEqual([]);
    } finally {
      await environment.close();
    }
  });
});

describe('messages against each other, in the middle of a copy', { timeout: 60_000 }, () => {
  const full = { scope: 'full' };
  let environment: RunEnvironment;
  let worker: { stop(): Promise<void> };
  let before: Awaited<ReturnType<typeof takeFingerprint>>;
  beforeAll(async () => {
    environment = await occupiedEnvironment();
    before = await takeFingerprint(environment);
    worker = await environment.startWorker();
  }, 60_000);
  afterAll(async () => {
    await worker.stop();
    await environment.close();
  });

  async function inTheMiddle(): Promise<Run> {
    const run = await environment.start({ ...input, backup: false });
    await inTheMiddleOfProducts(environment, run);
    return run;
  }

  /** Undone, to the last row and sequence. */
  async function expectUndone(run: Run, as: 'COMPLETED' | 'CANCELLED' = 'COMPLETED'): Promise<void> {
    await run.result().catch(() => undefined);
    expect((await run.describe()).status.name).toBe(as);
    expect(await run.query('status')).toMatchObject({ state: 'rolled-back', waitingFor: null });
    expect(await takeFingerprint(environment)).toEqual(before);
  }

  it('a rollback and a cancellation: cancelled, and the sender of the other is told', async () => {
    const run = await inTheMiddle();
    const asked = await begun(run, 'rollback', full);
    await run.cancel();
    const told = await asked.result().then(
      () => 'taken',
      (error: unknown) => refusalOf(Promise.reject(error)),
    );
    expect(told).toMatch(/^taken$|rollback: the run is (running|rolling-back|being closed)/);
    await expectUndone(run, 'CANCELLED');
  });

  it('three rollbacks: one is done, and one that takes more in can still be asked for', async () => {
    const run = await inTheMiddle();
    const answers = await Promise.allSettled([
      update(run, 'rollback', full),
      update(run, 'rollback', full),
      update(run, 'rollback', { scope: 'last-step' }),
    ]);
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const { reason } of refused as readonly PromiseRejectedResult[])
      expect(await refusalOf(Promise.reject(reason))).toMatch(
        /rollback: the run is (running|rolling-back|being closed)/,
      );
    if (answers[2].status === 'fulfilled') {
      await environment.waitFor(run, ({ state }) => state === 'waiting');
      await update(run, 'rollback', full);
    }
    await expectUndone(run);
  });

  it.for(['pause', 'emergency-stop'] as const)(
    'a rollback, and a %s right behind it: the undo stands still until resume',
    async (signal) => {
      const run = await inTheMiddle();
      const asked = await begun(run, 'rollback', full);
      await run.signal(signal);
      await asked.result();
      const state = signal === 'pause' ? 'paused' : 'stopped';
      expect(await environment.waitFor(run, (status) => status.state === state)).toMatchObject({
        waitingFor: { helps: ['resume'] },
      });
      await run.signal('resume');
      await expectUndone(run);
    },
  );

  it('a stop, a rollback and a finish: rolled back, whatever the finish was told', async () => {
    const run = await inTheMiddle();
    await run.signal('emergency-stop');
    await environment.waitFor(run, ({ state }) => state === 'stopped');
    const asked = await begun(run, 'rollback', full);
    expect(await refusalOf(update(run, 'finish', {}))).toMatch(/finish: the run is|it was taken/);
    await asked.result();
    await expectUndone(run);
  });

  it('a cancellation whose undo is held can be answered', async () => {
    const run = await inTheMiddle();
    await environment.query(
      'target',
      `update customers set company_name = 'changed' where id = (select id from customers where customer_code not like 'HERE-%' limit 1)`,
    );
    await run.cancel();
    await environment.waitFor(run, ({ state }) => state === 'rollback-failed');
    expect(await refusalOf(update(run, 'rollback', full))).toMatch(
      /1 rows of customers were changed.*confirmChanged/,
    );
    expect(await update(run, 'rollback', { ...full, dryRun: true })).toMatchObject({ accepted: 'rollback' });
    await update(run, 'rollback', { ...full, confirmChanged: true });
    await expectUndone(run, 'CANCELLED');
  });

  it('ten updates at once, and one sent twice under one id', async () => {
    const run = await inTheMiddle();
    const { deadline } = await run.query<RunStatus>('status');
    const twice = { args: [{ by: '1h' }] as [unknown], updateId: 'the same' };
    const answers = await Promise.all([
      run.executeUpdate<unknown, [unknown]>('extend-deadline', twice),
      run.executeUpdate<unknown, [unknown]>('extend-deadline', twice),
      ...Array.from({ length: 8 }, (_, n) => update(run, 'configure', { parallel: (n % 3) + 1 })),
    ]);
    expect(answers[1]).toEqual(answers[0]);
    const after = await run.query<RunStatus>('status');
    expect(Date.parse(after.deadline) - Date.parse(deadline)).toBe(3_600_000);
    expect(after.state).toBe('running');
    await update(run, 'rollback', full);
    await expectUndone(run);
  });

  it('names of what every object has are no steps', async () => {
    const run = await environment.start({ ...input, backup: false, mode: 'stepwise' });
    await environment.waitFor(run, ({ state }) => state === 'waiting');
    await update(run, 'run-step', { step: 'customers' });
    await environment.waitFor(run, ({ state }) => state === 'waiting');
    for (const step of ['constructor', 'toString', '__proto__'])
      expect(await refusalOf(update(run, 'run-step', { step }))).toContain(`no step or table ${step}`);
    await update(run, 'rollback', full);
    await expectUndone(run);
  });

  it('whatever comes when the run has closed is refused, and changes nothing', async () => {
    const run = await inTheMiddle();
    await update(run, 'rollback', full);
    await expectUndone(run);
    for (const late of [
      () => run.signal('pause'),
      () => run.signal('resume', enormous),
      () => update(run, 'rollback', full),
      () => update(run, 'nonsense'),
    ])
      expect(await refusalOf(late())).toMatch(/already completed/);
    // Temporal itself takes a cancellation that comes too late.
    await run.cancel();
    expect(await stateOf(run)).toBe('rolled-back');
    expect(await takeFingerprint(environment)).toEqual(before);
  });
});
