/** Runs as an operator steers them who has nothing but the `temporal` command. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { temporalCli } from '../helpers/temporal-cli.js';

/** Small tables have more bad rows than a gate lets pass. */
const input = { maxErrorRate: 1, minQualityScore: 0, backup: false };

describe('with the temporal command alone', { timeout: 120_000 }, () => {
  let environment: RunEnvironment;
  let worker: { stop(): Promise<void> };
  beforeAll(async () => {
    environment = await createRunEnvironment();
    await seedLegacy({ url: environment.source.url, rows: 2_000 });
    worker = await environment.startWorker();
  });
  afterAll(async () => {
    await worker.stop();
    await environment.close();
  });

  // The next run finds the target empty.
  afterEach(() => environment.query('target', `truncate ${nxtPlan.schema.tables.join(', ')}`));

  /** The commands of one run. */
  function operator(name: string) {
    const id = { 'workflow-id': `${name}-${environment.taskQueue}` };
    const json = (value: unknown) => (value === undefined ? {} : { input: JSON.stringify(value) });
    const status = async (): Promise<RunStatus> => {
      const { stdout } = await temporalCli('workflow query', { ...id, type: 'status' });
      return JSON.parse(stdout).queryResult[0];
    };
    return {
      id,
      status,
      start: async (given: object) =>
        temporalCli('workflow start', {
          ...id,
          type: 'migration',
          'task-queue': environment.taskQueue,
          ...json(given),
        }),
      signal: (signal: string, given?: unknown) =>
        temporalCli('workflow signal', { ...id, name: signal, ...json(given) }),
      /** What the update answers. */
      update: async (update: string, given?: unknown) => {
        const { failed, stdout, stderr } = await temporalCli('workflow update execute', {
          ...id,
          name: update,
          ...json(given),
        });
        if (failed) throw new Error(stderr + stdout);
        return JSON.parse(stdout).result;
      },
      /** Why it is refused. */
      refused: async (update: string, given?: unknown) => {
        const { failed, stdout, stderr } = await temporalCli('workflow update execute', {
          ...id,
          name: update,
          ...json(given),
        });
        expect(failed, `${update} was taken: ${stdout}`).toBe(true);
        return stderr + stdout;
      },
      until: async (wanted: RunStatus['state']) => {
        for (;;) {
          const now = await status();
          if (now.state === wanted) return now;
          if (['completed', 'failed', 'rolled-back'].includes(now.state))
            throw new Error(`the run is ${now.state}`);
        }
      },
      result: async () => JSON.parse((await temporalCli('workflow result', id)).stdout),
    };
  }

  it('a run is started, stepped through, paused, rolled back in part, gone on with, validated and finished', async () => {
    const run = operator('whole');
    await run.start({ ...input, name: 'Rehearsal', mode: 'stepwise' });
    const waiting = await run.until('waiting');
    expect(waiting).toMatchObject({ name: 'Rehearsal', mode: 'stepwise', phase: 'prepare' });
    expect(waiting.waitingFor?.helps).toContain('run-step');

    expect(await run.refused('run-step', { step: 'products' })).toContain('products waits for suppliers');
    expect(await run.refused('run-step', { step: 'clients' })).toContain('allowed are customers, suppliers');
    expect(await run.update('run-step', { step: 'customers' })).toMatchObject({
      accepted: 'run-step',
      tables: [{ table: 'customers', rows: expect.any(Number) }],
    });
    const [customers] = (await run.until('waiting')).steps;
    expect(customers).toMatchObject({ state: 'completed', read: customers?.source });
    expect(await run.refused('run-step', { step: 'customers' })).toContain('customers is completed');

    await run.signal('pause', { by: 'anna', reason: 'the shop opens' });
    expect(await run.until('paused')).toMatchObject({
      waitingFor: { helps: expect.arrayContaining(['resume']) },
      actions: expect.arrayContaining([
        expect.objectContaining({ by: 'anna', what: 'pause', reason: 'the shop opens' }),
      ]),
    });
    expect(await run.refused('run-step', { step: 'suppliers' })).toMatch(/the run is paused.*resume/s);
    await run.signal('resume');
    for (const step of ['suppliers', 'products', 'inventory', 'price-lists', 'price-list-items']) {
      await run.until('waiting');
      await run.update('run-step', { step });
    }
    await run.until('waiting');

    const dry = await run.update('rollback', { scope: 'tables', tables: ['products'], dryRun: true });
    expect(dry.tables.map(({ step }: { step: string }) => step)).toEqual(['inventory', 'products']);
    expect(dry.rows).toBeGreaterThan(0);
    expect((await run.status()).steps[2]).toMatchObject({ state: 'completed' });
    await run.update('rollback', { scope: 'tables', tables: ['products'] });
    const undone = await run.until('waiting');
    expect(undone.steps.map(({ step, state }) => [step, state])).toEqual([
      ['customers', 'completed'],
      ['suppliers', 'completed'],
      ['products', 'rolled-back'],
      ['inventory', 'rolled-back'],
      ['price-lists', 'completed'],
      ['price-list-items', 'completed'],
      ['upload-history', 'pending'],
    ]);
    expect(undone.checkpoints.map(({ name }) => name)).not.toContain('products_completed');
    expect(await environment.query('target', 'select from products limit 1')).toEqual([]);

    for (const step of ['products', 'inventory', 'upload-history']) {
      await run.update('run-step', { step });
      await run.until('waiting');
    }
    expect(await run.refused('run-step', { step: 'finalize' })).toContain('validate comes before finalize');
    await run.update('run-step', { step: 'validate' });
    const validated = await run.until('waiting');
    expect(validated.steps.map(({ differences }) => differences)).toEqual(Array(7).fill(0));

    expect(await run.update('configure', { parallel: 1, batchSizes: { products: 50 } })).toMatchObject({
      parallel: { from: 2, to: 1 },
    });
    expect(await run.refused('configure', { parallel: 0 })).toContain('parallel: 0 is not allowed');
    const { deadline } = await run.status();
    const { to } = await run.update('extend-deadline', { by: '1h' });
    expect(Date.parse(to) - Date.parse(deadline)).toBe(3_600_000);
    await run.update('run-step', { step: 'finalize' });
    const { status, result } = await run.result();
    expect(status).toBe('COMPLETED');
    expect(result).toMatchObject({ state: 'completed', phase: 'finalize' });
    for (const each of result.steps) expect(each).toMatchObject({ state: 'completed', read: each.source });

    for (const late of [await run.signal('pause'), await run.signal('emergency-stop')]) {
      expect(late.failed).toBe(true);
      expect(late.stderr).toContain('already completed');
    }
    expect(await run.refused('rollback', { scope: 'full' })).toContain('already completed');
    expect((await run.status()).state).toBe('completed');
  });

  it('a run is stopped dead and gone on with, its gates are passed, its quarantine tried again, and it is finished early', async () => {
    const run = operator('early');
    await run.start({ ...input, minQualityScore: 1, mode: 'stepwise' });
    const held = await run.until('waiting');
    expect(held.waitingFor).toMatchObject({
      code: 'ERR_003',
      helps: ['retry', 'skip-validation', 'rollback'],
    });
    expect(await run.refused('skip-validation', {})).toContain('reason');
    expect(await run.refused('finish')).toContain('nothing has been moved yet');
    await run.update('retry');
    await run.until('waiting');
    expect(await run.update('skip-validation', { reason: 'a rehearsal', by: 'anna' })).toMatchObject({
      will: 'go on',
    });
    await run.until('waiting');
    await run.update('run-step', { step: 'customers' });
    await run.signal('emergency-stop');
    expect((await run.until('stopped')).waitingFor?.helps).toEqual(['rollback', 'resume', 'finish']);
    await run.signal('resume', { by: 'anna' });
    const moved = await run.until('waiting');
    expect(moved.steps[0]).toMatchObject({ state: 'completed' });
    expect(await run.update('retry', { table: 'customers' })).toMatchObject({
      quarantined: [{ table: 'customers', rows: moved.steps[0]?.rejected }],
    });
    await run.until('waiting');
    expect(await run.update('finish', { by: 'anna', reason: 'enough seen' })).toMatchObject({
      keeps: ['customers'],
      undoes: [],
    });
    const { status, result } = await run.result();
    expect(status).toBe('COMPLETED');
    expect(result).toMatchObject({ state: 'completed', skipped: ['quality'] });
    expect(result.actions).toContainEqual(
      expect.objectContaining({ by: 'anna', what: 'finish', reason: 'enough seen' }),
    );
  });

  it('what the Temporal UI shows is all there: descriptions, summaries, details, search attributes', async () => {
    const run = operator('shown');
    await run.start({ ...input, mode: 'stepwise', tables: ['customers'] });
    await run.until('waiting');
    await run.update('run-step', { step: 'customers' });
    await run.until('waiting');
    const { stdout } = await temporalCli('workflow query', {
      ...run.id,
      type: '__temporal_workflow_metadata',
    });
    const [{ definition, currentDetails }] = JSON.parse(stdout).queryResult;
    const described = (kind: string) =>
      Object.fromEntries(
        definition[kind].map(({ name, description }: { name: string; description?: string }) => [
          name,
          description,
        ]),
      );
    const some = expect.stringMatching(/\w+ \w+/);
    expect(described('queryDefinitions')).toMatchObject({ status: some, progress: some, checkpoints: some });
    expect(described('signalDefinitions')).toMatchObject({
      pause: some,
      resume: some,
      'emergency-stop': some,
    });
    expect(described('updateDefinitions')).toEqual({
      'run-step': some,
      retry: some,
      'catch-up': some,
      rollback: some,
      configure: some,
      'extend-deadline': some,
      'skip-validation': some,
      finish: some,
    });
    expect(currentDetails).toMatch(/\*\*waiting\*\* in phase \*\*migrate\*\*/);
    expect(currentDetails).toMatch(/customers \|\s+completed \|/);

    const shown = JSON.parse((await temporalCli('workflow show', run.id)).stdout);
    const summaryOf = ({ userMetadata }: { userMetadata?: { summary?: unknown } }) => userMetadata?.summary;
    const asked = shown.events.filter(({ eventType }: { eventType: string }) =>
      /ACTIVITY_TASK_SCHEDULED|TIMER_STARTED/.test(eventType),
    );
    expect(asked.length).toBeGreaterThan(10);
    for (const event of asked) expect(summaryOf(event), event.eventType).toBeDefined();

    const shownRun = JSON.parse((await temporalCli('workflow describe', run.id)).stdout);
    expect(Object.keys(shownRun.workflowExecutionInfo.searchAttributes.indexedFields)).toEqual(
      expect.arrayContaining([
        'MigrationName',
        'MigrationPlan',
        'MigrationPhase',
        'MigrationState',
        'MigrationErrorRate',
        'MigrationRows',
      ]),
    );
    await temporalCli('workflow cancel', run.id);
    expect((await run.result()).status).toBe('CANCELED');
  });
});
