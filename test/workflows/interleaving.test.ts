import type { Activities } from '../../activities/types.js';
import { describe, expect, it } from 'vitest';
import type { Step } from './example-run.js';
import { Simulation, type PendingAct } from './simulation.js';

/** Moments that are short, and that somebody will hit. */
describe('what comes together', () => {
  it('a cancellation, and an act that fails instead of being interrupted: undone, nobody is waited for', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'moveStep');
    await run.cancel();
    await run.end(act, 'lost-connection');
    await endAll(run);
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { as: 'canceled' }, held: null });
  });

  it('a cancellation, and too many errors: closed as cancelled', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'moveStep');
    await run.cancel();
    await run.end(act, 'refused');
    await endAll(run);
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { as: 'canceled' } });
  });

  it('a cancellation, and a lost connection before the run has entered the target: closed as cancelled', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'findLeftBehind');
    await run.cancel();
    await run.end(act, 'lost-connection');
    expect(run.failure).toBeUndefined();
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { as: 'canceled' } });
  });

  it('a full history, and a deadline that passes before the new one: what was at work is not gone on with', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'surveyStep');
    await run.fillHistory();
    run.data.deadlineMs = Date.now();
    await run.end(act, 'done');
    expect(run.pending.map(({ name }) => name)).toEqual(['previewUndo']);
    await endAll(run);
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { code: 'ERR_006' } });
  });

  it('a pause, and the report that is written although paused: the run can still be rolled back', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'writeReport');
    await run.pause();
    await run.end(act, 'done');
    expect(run.control.state).toBe('paused');
    await run.update('rollback', { scope: 'full' });
    await endAll(run);
    expect(run.data.ended).toBe('rolled-back');
  });

  it('a cancellation, and a run that cannot be closed for its memory: closed as cancelled', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'closeRun');
    await run.cancel();
    await run.end(act, 'no-memory');
    await endAll(run);
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { as: 'canceled' } });
  });

  it('the deadline, and a run that is just being closed: closed, if that can be done', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'closeRun');
    await run.passDeadline();
    await run.end(act, 'done');
    expect(run.data.ended).toBe('completed');
  });

  it('the deadline, and a run that cannot be closed: undone', async () => {
    const run = await Simulation.start({});
    const act = await actAtWork(run, 'closeRun');
    await run.passDeadline();
    await run.end(act, 'lost-connection');
    await endAll(run);
    expect(run.data).toMatchObject({ ended: 'rolled-back', ending: { as: 'failed', code: 'ERR_006' } });
  });
});

describe('what has failed half way', () => {
  it('a retry of the quarantine: a finish takes that step back, with what stands on it', async () => {
    const run = await Simulation.start({ mode: 'stepwise' });
    for (const step of ['customers', 'suppliers', 'products'] as const) await move(run, step);
    await run.update('retry', { table: 'suppliers' });
    await run.end(await actAtWork(run, 'retryRejects'), 'lost-connection');
    await run.update('finish', {});
    await endAll(run);
    expect(run).toMatchObject({ broken: [], closedAs: 'completed' });
    expect([...run.target].filter(([, rows]) => rows !== 'none')).toEqual([['customers', 'all']]);
  });

  it('a retry of the quarantine: nothing is validated before it is through', async () => {
    const run = await Simulation.start({ mode: 'stepwise' });
    await move(run, 'suppliers');
    await run.update('retry', { table: 'suppliers' });
    await run.end(await actAtWork(run, 'completeStep'), 'lost-connection');
    await expect(run.update('run-step', { step: 'validate' })).rejects.toThrow('suppliers is half in');
    await run.update('retry', {});
    await endAll(run);
    expect(run.target.get('suppliers')).toBe('all');
    await run.update('run-step', { step: 'validate' });
    expect(run.pending.map(({ name }) => name)).toEqual(['openVerification']);
  });

  it('a retry of the quarantine: what stands on it does not move before it is through', async () => {
    const run = await Simulation.start({});
    await run.end(await actAtWork(run, 'completeStep'), 'done');
    await run.end(await actAtWork(run, 'completeStep'), 'done');
    await run.end(await actAtWork(run, 'surveyStep'), 'lost-connection');
    await run.update('retry', { table: 'suppliers' });
    await run.end(await actAtWork(run, 'retryRejects'), 'lost-connection');
    await run.update('retry', {});
    await endAll(run);
    expect(run).toMatchObject({ broken: [], closedAs: 'completed' });
  });

  it('a rollback of what another run has left behind: held, and tried again', async () => {
    const run = await Simulation.start({}, true);
    await run.end(await actAtWork(run, 'findLeftBehind'), 'done');
    expect(run.control.waitingFor?.helps).toEqual(['retry', 'rollback']);
    await run.update('rollback', { scope: 'full' });
    await run.end(await actAtWork(run, 'adoptRun'), 'lost-connection');
    expect(run.control.state).toBe('rollback-failed');
    await run.update('retry', {});
    await endAll(run);
    expect(run).toMatchObject({ broken: [], closedAs: 'rolled-back' });
    expect([...run.target.values()]).toEqual(['none', 'none', 'none', 'none', 'none']);
  });

  it('a rollback of some tables: they are not moved again by the retry that ends it', async () => {
    const run = await Simulation.start({});
    await run.end(await actAtWork(run, 'completeStep'), 'done');
    await run.update('rollback', { scope: 'tables', tables: ['customers'] });
    await endAll(run, 'undoStep');
    await run.end(await actAtWork(run, 'undoStep'), 'lost-connection');
    await run.update('retry', {});
    await endAll(run);
    expect(run.target.get('customers')).toBe('none');
    expect(run.control.state).toBe('waiting');
  });

  it('a gate that is skipped: a run that walks goes on to its end', async () => {
    const run = await Simulation.start({});
    await run.end(await actAtWork(run, 'checkCounts'), 'refused');
    await endAll(run);
    expect(run.control.waitingFor?.helps).toContain('skip-validation');
    await run.update('skip-validation', { reason: 'known' });
    await endAll(run);
    expect(run.data.ended).toBe('completed');
  });
});

/** Everything that is at work ends well, and what comes after it, until nothing is; or until this act is at work. */
async function endAll(run: Simulation, until?: keyof Activities): Promise<void> {
  for (let [act] = run.pending; act && act.name !== until; [act] = run.pending)
    await run.end(act, act.interrupted ? 'interrupted' : 'done');
}

async function actAtWork(run: Simulation, name: keyof Activities): Promise<PendingAct> {
  await endAll(run, name);
  const [act] = run.pending;
  if (!act) throw new Error(`${name} has not come to work; the run is ${run.control.state}`);
  return act;
}

async function move(run: Simulation, step: Step): Promise<void> {
  await endAll(run);
  await run.update('run-step', { step });
  await endAll(run);
}
