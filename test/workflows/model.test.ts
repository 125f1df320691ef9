import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUpdate } from '../../src/contract/messages.js';
import type { UpdateName } from '../../src/contract/names.js';
import { outline } from './example-run.js';
import { Simulation, type Outcome } from './simulation.js';

/** What may happen to a run, in any order. */
type Event =
  | { readonly what: 'end an act'; readonly which: number; readonly outcome: Outcome }
  | { readonly what: 'pause' | 'resume' | 'emergencyStop' | 'cancel' | 'passDeadline' | 'fillHistory' }
  | { readonly what: 'update'; readonly name: UpdateName; readonly args: unknown };

const names = outline.steps.flatMap(({ step, table }) => [step, table]);
const anyStep = fc.constantFrom(...names, 'nobody');
const checkpoints = outline.steps.map(({ table }) => `${table}_completed`);

const updates: fc.Arbitrary<Event> = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(
        fc.constant('run-step'),
        fc.record({ step: fc.oneof(anyStep, fc.constantFrom('validate', 'finalize')) }),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constant('retry'), fc.record({ table: anyStep }, { requiredKeys: [] })),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('catch-up'),
        fc.record({ tables: fc.array(anyStep, { maxLength: 1 }) }, { requiredKeys: [] }),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('rollback'),
        fc.record(
          {
            scope: fc.constantFrom('full', 'tables', 'tables', 'last-step', 'checkpoint'),
            tables: fc.array(anyStep, { maxLength: 2 }),
            checkpoint: fc.constantFrom(...checkpoints, 'nowhere'),
            dryRun: fc.boolean(),
            confirmChanged: fc.boolean(),
            fromBackup: fc.boolean(),
          },
          { requiredKeys: ['scope'] },
        ),
      ),
    },
    fc.tuple(
      fc.constant('configure'),
      fc.record(
        {
          parallel: fc.constantFrom(1, 2, 0),
          batchSizes: fc.dictionary(anyStep, fc.constant(100), { maxKeys: 1 }),
          maxErrorRate: fc.constantFrom(0.5, 2),
          maxDuration: fc.constantFrom('30d', 'long'),
        },
        { requiredKeys: [] },
      ),
    ),
    fc.tuple(fc.constant('extend-deadline'), fc.record({ by: fc.constantFrom('1h', 'soon') })),
    fc.tuple(fc.constant('skip-validation'), fc.record({ reason: fc.constantFrom('seen', '') })),
    { weight: 2, arbitrary: fc.tuple(fc.constant('finish'), fc.constant({})) },
  )
  .map(([name, args]): Event => ({ what: 'update', name, args }));

const ends: fc.Arbitrary<Event> = fc.record({
  what: fc.constant('end an act'),
  which: fc.nat(3),
  outcome: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Outcome>('done') },
    { weight: 2, arbitrary: fc.constantFrom<Outcome>('interrupted', 'part') },
    { weight: 1, arbitrary: fc.constantFrom<Outcome>('refused', 'lost-connection', 'no-memory') },
  ),
});

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 100, arbitrary: ends },
  { weight: 25, arbitrary: updates },
  { weight: 8, arbitrary: fc.record({ what: fc.constantFrom('pause', 'resume', 'emergencyStop') }) },
  { weight: 4, arbitrary: fc.constant({ what: 'fillHistory' } as const) },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom('cancel', 'passDeadline') }) },
);

const runs = fc.record({
  mode: fc.constantFrom('auto' as const, 'stepwise' as const),
  verify: fc.boolean(),
  /** acts that end well before the first event */
  ahead: fc.nat(45),
  leftBehind: fc.boolean(),
  events: fc.array(events, { maxLength: 70, size: 'max' }),
});

const waitingStates = ['waiting', 'paused', 'stopped', 'rollback-failed'];
const contractStates = [...waitingStates, 'running', 'rolling-back', 'rolled-back', 'completed'];

async function happen(run: Simulation, event: Event): Promise<void> {
  if (event.what === 'update') return ask(run, event.name, event.args);
  if (event.what !== 'end an act') return run[event.what]();
  const act = run.pending[event.which % Math.max(1, run.pending.length)];
  if (act) await run.end(act, event.outcome);
}

/** Taken, or refused in words; and then nothing has changed. */
async function ask(run: Simulation, name: UpdateName, args: unknown): Promise<void> {
  const before = structuredClone(run.data);
  try {
    await run.update(name, args);
  } catch (refusal) {
    expect(String(refusal)).toMatch(/^Error: \S.{15,}/);
    expect(run.data).toEqual(before);
  }
}

/** What holds at every moment. Plain comparisons: there are some hundred thousand moments. */
function check(run: Simulation): void {
  const { control, data, pending } = run;
  const { state, waitingFor } = control;
  const atWork = pending.map(({ name }) => name).join(', ') || 'nothing';
  const promise = (kept: boolean, words: string) => {
    if (!kept) throw new Error(`${words}; it is ${state} in the phase ${data.phase}, at work: ${atWork}`);
  };
  promise(run.broken.length === 0, run.broken.join('; '));
  promise(contractStates.includes(state), 'the state is none of the contract');
  promise((waitingFor !== null) === waitingStates.includes(state), 'waitingFor does not go with the state');
  if (waitingStates.includes(state)) promise(pending.length === 0, 'something works in a run that waits');
  else promise(pending.length > 0, 'nothing works, and nobody is waited for');
  if (data.closing) promise(atWork === 'closeRun', 'nothing may be asked of a run that is not being closed');
  if (control.isIdle && !data.held && data.settings.mode === 'auto')
    promise(run.partlyUndone, 'a run that walks by itself stands still');
  for (const [step, rows] of run.target)
    if (data.entered && rows !== 'none')
      promise(data.compensations.includes(step), `${step} is in, and has no undo`);
  for (const help of waitingFor?.helps ?? []) helps(run, help);
}

/** What is said to help is taken. */
function helps({ control }: Simulation, help: string): void {
  switch (help) {
    case 'resume':
    case 'pause':
      return;
    case 'retry':
      return void control.stepsToRetry({ coerceTypes: false });
    case 'catch-up':
      return void control.catchUpOf({ tables: [] });
    case 'rollback':
      return void control.undoOrderOf(parseUpdate('rollback', { scope: 'full' }));
    case 'skip-validation':
      return control.checkSkip();
    case 'finish':
      return control.checkFinish();
    case 'run-step':
      return control.check('run-step');
    default:
      throw new Error(`nobody can send ${help}`);
  }
}

/** In stepwise mode, step by step. */
async function goAhead(run: Simulation, acts: number): Promise<void> {
  for (let left = acts; left > 0 && !run.ended; left--) {
    const [act] = run.pending;
    if (act?.name === 'closeRun') return;
    if (act) await run.end(act, 'done');
    else {
      const next = run.data.steps.find(({ state }) => state !== 'completed');
      if (run.data.held || !next) return;
      await run.update('run-step', { step: next.step });
    }
  }
}

/** From wherever the run stands, patience and four messages bring it to an end. */
async function bringToAnEnd(run: Simulation): Promise<void> {
  for (let patience = 300; !run.ended; patience--) {
    if (patience === 0) throw new Error(`never ends; it is ${run.control.state}`);
    const [act] = run.pending;
    if (act) await run.end(act, 'done');
    else if (run.data.brake !== 'off') await run.resume();
    else if (run.data.held) await run.update('retry', {});
    else await run.update('rollback', { scope: 'full' });
    if (!run.ended) check(run);
  }
}

/** Sentences on what should not be so at the end. */
function wrongAtTheEnd(run: Simulation): string[] {
  const { data, target, failure, lastOrder } = run;
  // A run may fail outright only when it may not start: then it is nowhere.
  if (failure instanceof ApplicationFailure && !data.entered && lastOrder?.do === 'prepare')
    return run.broken;
  const rows = new Set(data.entered ? target.values() : []);
  const wrong = {
    [`it has failed: ${String(failure)}`]: failure !== undefined,
    [`it is closed as ${run.closedAs}, but ${data.ended}`]:
      run.closedAs !== (data.entered || data.entering ? data.ended : null),
    'some step is half in': rows.has('half'),
    'it is rolled back with rows in the target': data.ended === 'rolled-back' && rows.has('all'),
    'it had to be undone, and was not': run.mustUndo && data.ended !== 'rolled-back',
    'it was cancelled, and does not say so':
      data.canceled && data.ended === 'rolled-back' && data.ending?.as !== 'canceled',
  };
  return [...run.broken, ...Object.keys(wrong).filter((words) => wrong[words])];
}

describe('a run, whatever happens to it', () => {
  it('never breaks a promise, and always comes to an end', { timeout: 120_000 }, async () => {
    const promises = fc.asyncProperty(runs, async ({ events: happenings, ahead, leftBehind, ...input }) => {
      const run = await Simulation.start(input, leftBehind);
      await goAhead(run, ahead);
      for (const event of happenings) {
        if (!run.ended) await happen(run, event);
        if (!run.ended) check(run);
      }
      await bringToAnEnd(run);
      expect(wrongAtTheEnd(run)).toEqual([]);
    });
    await expect(fc.assert(promises, { numRuns: 1000 })).resolves.toBeUndefined();
  });
});
