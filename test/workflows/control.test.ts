import { describe, expect, it } from 'vitest';
import { parseUpdate } from '../../src/contract/messages.js';
import { updateNames, type UpdateName } from '../../src/contract/names.js';
import { nextOrder } from '../../workflows/agenda.js';
import { Control, undoAll } from '../../workflows/control.js';
import { giveUp } from '../../workflows/give-up.js';
import { MustHold, RollbackNeeded } from '../../workflows/failure.js';
import { RunBook } from '../../workflows/run-book.js';
import { invalidate, leftBehindGate } from '../../workflows/gates.js';
import { compensated } from '../../workflows/saga.js';
import type { Order, RunData } from '../../workflows/run-data.js';
import { atWork, begin, complete, controlled, hour, preparedRun, start, startedRun } from './example-run.js';

const canceled = { as: 'canceled' } as const;
const rolledBack = { as: 'rolled-back' } as const;
const moving: Order = { do: 'step', step: 'suppliers' };
const undoing = undoAll(rolledBack);

/** A run held by this order, with customers in and suppliers half in. */
function held(order: Order, mode: 'auto' | 'stepwise' = 'auto', gate: string | null = null): RunData {
  const data = begin(complete(preparedRun({ mode }), 'customers'), 'suppliers');
  const next = 'Mend the cause.';
  const { control } = controlled(data);
  const cause = new MustHold('ERR_003', 'it does not work', { next, gate, skippable: gate !== null });
  giveUp({ control, book: new RunBook(data) }, order, cause, { interrupted: false, nowMs: start });
  return data;
}

/** Complete, and validation has found that the source is not as it was. */
function drifted(mode: 'auto' | 'stepwise' = 'auto'): RunData {
  const data = preparedRun({ mode });
  complete(data, 'customers', 'suppliers', 'products', 'inventory', 'price-lists');
  const { control } = controlled(data);
  const cause = new MustHold('ERR_003', 'customers: 3 rows changed in the source since they were read', {
    next: 'Catch up.',
    gate: 'validation',
    skippable: true,
  });
  const how = { interrupted: false, nowMs: start };
  giveUp({ control, book: new RunBook(data) }, { do: 'validate' }, cause, how);
  return data;
}

function braked(data: RunData, brake: 'paused' | 'stopped' = 'paused'): RunData {
  data.brake = brake;
  return data;
}

/** Runs as an operator finds them. */
const situations = {
  preparing: () => atWork(startedRun(), { do: 'prepare' }),
  moving: () => atWork(begin(complete(preparedRun(), 'customers'), 'suppliers'), moving),
  'stepwise, waiting for the next step': () => complete(preparedRun({ mode: 'stepwise' }), 'customers'),
  'held by a gate': () => held({ do: 'validate' }, 'auto', 'validation'),
  'held by what has changed in the source': () => drifted(),
  'held by a step': () => held(moving),
  paused: () => braked(atWork(begin(complete(preparedRun(), 'customers'), 'suppliers'), moving)),
  stopped: () => braked(atWork(begin(complete(preparedRun(), 'customers'), 'suppliers'), moving), 'stopped'),
  'rolling back': () => atWork(begin(preparedRun(), 'suppliers'), undoing),
  'rolling back, paused': () => braked(atWork(begin(preparedRun(), 'suppliers'), undoing)),
  'rollback failed': () => held(undoing),
  'rollback failed, paused': () => braked(held(undoing)),
  'being closed': () => ({
    ...atWork(complete(preparedRun(), 'customers'), { do: 'finalize' }),
    closing: true,
  }),
  closed: () => ({ ...complete(preparedRun(), 'customers'), ended: 'completed' as const }),
} satisfies Record<string, () => RunData>;
type SituationName = keyof typeof situations;

/** An update as an operator would send it, for each of these runs. */
const examples = {
  'run-step': { step: 'suppliers' },
  retry: {},
  'catch-up': {},
  rollback: { scope: 'full' },
  configure: { parallel: 4 },
  'extend-deadline': { by: '1h' },
  'skip-validation': { reason: 'known' },
  finish: {},
} satisfies Record<UpdateName, object>;

/** Throws the refusal of an update that would be refused; changes nothing. */
function check(control: Control, name: UpdateName, given: object = examples[name]): void {
  switch (name) {
    case 'run-step':
      return void control.orderOf(parseUpdate(name, given));
    case 'retry':
      return void control.stepsToRetry(parseUpdate(name, given));
    case 'catch-up':
      return void control.catchUpOf(parseUpdate(name, given));
    case 'rollback':
      return void control.undoOrderOf(parseUpdate(name, given));
    case 'configure':
      return control.checkConfigure(parseUpdate(name, given), control.data.startedAtMs + hour);
    case 'skip-validation':
      return control.checkSkip();
    case 'finish':
      return control.checkFinish();
    case 'extend-deadline':
      return control.check(name);
  }
}

function refusalOf(control: Control, name: UpdateName): string | null {
  try {
    check(control, name);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function undo(control: Control, rollback: object): void {
  control.undo(control.undoOrderOf(parseUpdate('rollback', rollback)));
}

function retry(control: Control, given: object = {}): readonly string[] {
  const args = parseUpdate('retry', given);
  return control.retry(args, control.stepsToRetry(args));
}

describe('what a run can be asked for', () => {
  const everySituation: [SituationName, string, UpdateName[]][] = [
    ['preparing', 'running', ['rollback', 'configure', 'extend-deadline']],
    ['moving', 'running', ['rollback', 'configure', 'extend-deadline']],
    [
      'stepwise, waiting for the next step',
      'waiting',
      ['run-step', 'catch-up', 'rollback', 'configure', 'extend-deadline', 'finish'],
    ],
    [
      'held by a gate',
      'waiting',
      ['retry', 'rollback', 'configure', 'extend-deadline', 'skip-validation', 'finish'],
    ],
    [
      'held by what has changed in the source',
      'waiting',
      ['retry', 'catch-up', 'rollback', 'configure', 'extend-deadline', 'skip-validation', 'finish'],
    ],
    ['held by a step', 'waiting', ['retry', 'rollback', 'configure', 'extend-deadline', 'finish']],
    ['paused', 'paused', ['rollback', 'configure', 'extend-deadline', 'finish']],
    ['stopped', 'stopped', ['rollback', 'configure', 'extend-deadline', 'finish']],
    ['rolling back', 'rolling-back', ['configure', 'extend-deadline']],
    ['rolling back, paused', 'paused', ['configure', 'extend-deadline']],
    ['rollback failed', 'rollback-failed', ['retry', 'rollback', 'configure', 'extend-deadline']],
    ['rollback failed, paused', 'paused', ['retry', 'rollback', 'configure', 'extend-deadline']],
    ['being closed', 'running', []],
    ['closed', 'completed', []],
  ];

  it('is told for every situation', () => {
    expect(everySituation.map(([name]) => name)).toEqual(Object.keys(situations));
  });

  describe.each(everySituation)('%s', (name, state, accepted) => {
    it(`is shown as ${state}`, () => {
      expect(controlled(situations[name]()).control.state).toBe(state);
    });

    it.each(Object.values(updateNames))('%s', (update) => {
      const data = situations[name]();
      const before = structuredClone(data);
      const { control } = controlled(data);
      const refusal = refusalOf(control, update);
      expect(refusal === null).toBe(accepted.includes(update));
      expect(refusal ?? `${update}: taken as it should be`).toMatch(new RegExp(`^${update}: \\S.{20,}`));
      expect(data).toEqual(before);
    });

    it('names only what helps at this moment', () => {
      const { control } = controlled(situations[name]());
      const taken: readonly string[] = [...accepted, 'pause', 'resume', 'emergency-stop'];
      expect(control.waitingFor?.helps.filter((help) => !taken.includes(help)) ?? []).toEqual([]);
    });
  });

  it('is named by a refusal, with the state', () => {
    const { control } = controlled(situations.moving());
    expect(() => check(control, 'finish')).toThrow(
      'finish: the run is running; allowed now are retry, rollback, configure, extend-deadline, and the signals pause, emergency-stop',
    );
    control.pause();
    expect(() => check(control, 'run-step')).toThrow(
      'run-step: the run is paused; allowed now are rollback, configure, extend-deadline, finish, and the signals resume, emergency-stop',
    );
  });

  it('is nothing while it is being closed', () => {
    expect(() => check(controlled(situations['being closed']()).control, 'rollback')).toThrow(
      'rollback: the run is being closed; nothing can be asked of it',
    );
  });
});

describe('pause, resume and emergency stop', () => {
  it('are shown when nothing writes any more, not before', () => {
    const { control, interrupted } = controlled(situations.moving());
    control.actsInFlight = 2;
    control.pause();
    expect(interrupted).toEqual(['acts']);
    expect(control.state).toBe('running');
    expect(control.waitingFor).toBeNull();
    control.actsInFlight = 0;
    expect(control.state).toBe('paused');
    expect(control.waitingFor).toEqual({
      reason: 'the run is paused',
      code: null,
      helps: ['resume', 'rollback', 'finish'],
    });
  });

  it('are the same any number of times', () => {
    const { control, interrupted } = controlled(situations.moving());
    control.pause();
    const once = structuredClone(control.data);
    control.pause();
    expect(control.data).toEqual(once);
    expect(interrupted).toEqual(['acts']);
    control.resume();
    control.resume();
    expect(control.state).toBe('running');
    control.emergencyStop();
    control.emergencyStop();
    expect(control.state).toBe('stopped');
  });

  it('a stop is stronger than a pause, before and after it', () => {
    const { control } = controlled(situations.moving());
    control.pause();
    control.emergencyStop();
    expect(control.state).toBe('stopped');
    control.pause();
    expect(control.state).toBe('stopped');
    control.resume();
    expect(control.state).toBe('running');
  });

  it.each(Object.keys(situations) as SituationName[])('resume leaves the run where it was: %s', (name) => {
    const data = { ...situations[name](), brake: 'off' as const };
    const { control } = controlled(data);
    const before = structuredClone(data);
    control.pause();
    control.resume();
    control.emergencyStop();
    control.resume();
    expect(data).toEqual(before);
  });

  it('a pause keeps in sight what held the run before', () => {
    const { control } = controlled(situations['held by a gate']());
    control.pause();
    expect(control.waitingFor).toMatchObject({
      reason: 'the run is paused; before that: it does not work',
      code: 'ERR_003',
    });
    control.resume();
    expect(control.state).toBe('waiting');
  });

  it('a rollback that is paused can only be gone on with', () => {
    expect(controlled(situations['rolling back, paused']()).control.waitingFor?.helps).toEqual(['resume']);
  });

  it('do not interrupt a run that is being closed, and count if that fails', () => {
    const { control, interrupted } = controlled(situations['being closed']());
    control.pause();
    control.emergencyStop();
    expect(control.data.brake).toBe('stopped');
    expect(interrupted).toEqual([]);
  });
});

describe('rollback', () => {
  it.each(['paused', 'stopped'] as const)(
    'of a %s run releases the brake and ends what is at work',
    (brake) => {
      const { control, interrupted } = controlled(situations[brake]());
      undo(control, { scope: 'full' });
      expect(control.data).toMatchObject({ brake: 'off', walking: false, queue: [undoing] });
      expect(interrupted).toEqual(['order']);
      expect(control.situation).toBe('undoing');
    },
  );

  it('puts aside whatever else was asked for', () => {
    const data = complete(preparedRun({ mode: 'stepwise' }), 'customers');
    data.queue.push({ do: 'validate' }, { do: 'finalize' });
    undo(controlled(data).control, { scope: 'last-step' });
    expect(data.queue).toEqual([{ ...undoing, steps: ['customers'], ending: null }]);
  });

  it('of a table leaves the run open', () => {
    const { control } = controlled(complete(preparedRun({ mode: 'stepwise' }), 'customers', 'suppliers'));
    const order = control.undoOrderOf(parseUpdate('rollback', { scope: 'tables', tables: ['suppliers'] }));
    expect(order).toMatchObject({ steps: ['suppliers'], ending: null });
  });

  it.each([
    [{ scope: 'tables', tables: ['price-lists'] }, 'of these, nothing is in the target'],
    [{ scope: 'last-step', fromBackup: true }, 'fromBackup goes with scope full only'],
    [{ scope: 'tables', tables: ['nobody'] }, 'no step or table nobody'],
  ])('%j is refused', (rollback, words) => {
    const { control } = controlled(complete(preparedRun({ mode: 'stepwise' }), 'customers'));
    expect(() => check(control, 'rollback', rollback)).toThrow(words);
  });

  it.each(['rollback failed', 'rollback failed, paused'] as const)(
    'of some tables cannot take the place of that of the whole run: %s',
    (name) => {
      const { control } = controlled(situations[name]());
      const rollback = { scope: 'tables', tables: ['customers'] };
      expect(() => check(control, 'rollback', rollback)).toThrow('only scope full helps');
    },
  );

  it('by an operator goes on to the end that the failed one was for', () => {
    const { control } = controlled(held(undoAll(canceled)));
    undo(control, { scope: 'full', confirmChanged: true });
    expect(control.data.queue).toEqual([{ ...undoAll(canceled), confirmChanged: true }]);
  });
});

describe('the deadline', () => {
  const overdue = { as: 'failed', code: 'ERR_006' };

  it.each<SituationName>([
    'preparing',
    'moving',
    'stepwise, waiting for the next step',
    'held by a gate',
    'held by a step',
    'paused',
    'stopped',
  ])('undoes the run: %s', (name) => {
    const { control } = controlled(situations[name]());
    control.deadlinePassed();
    expect(control.data).toMatchObject({ brake: 'off', held: null, walking: false });
    expect(nextOrder(control.data)).toMatchObject({ do: 'undo', steps: 'all', ending: overdue });
  });

  it('names the limit and what to do', () => {
    const { control } = controlled(situations.moving());
    control.deadlinePassed();
    expect(nextOrder(control.data)).toMatchObject({
      ending: {
        message: 'The run has passed its deadline, 2025-01-19T14:30:00.000Z (maxDuration 4h).',
        next: 'Start again with a longer maxDuration.',
      },
    });
  });

  it.each<SituationName>([
    'rolling back',
    'rolling back, paused',
    'rollback failed',
    'rollback failed, paused',
    'being closed',
    'closed',
  ])('changes nothing where the end is under way: %s', (name) => {
    const data = situations[name]();
    const before = structuredClone(data);
    const { control, interrupted } = controlled(data);
    control.deadlinePassed();
    expect(data).toEqual(before);
    expect(interrupted).toEqual([]);
  });

  it('undoes all where only some tables are being undone', () => {
    const data = atWork(begin(preparedRun(), 'suppliers'), {
      ...undoing,
      steps: ['suppliers'],
      ending: null,
    });
    const { control, interrupted } = controlled(data);
    control.deadlinePassed();
    expect(interrupted).toEqual(['order']);
    expect(data.queue).toMatchObject([{ steps: 'all', ending: overdue }]);
  });

  it('that passed while the run could not be closed undoes it then', () => {
    const data = complete(preparedRun(), 'customers');
    const { control } = controlled(data);
    const cause = new MustHold('ERR_001', 'the connection was lost', { next: 'Try again.' });
    const nowMs = data.deadlineMs;
    giveUp({ control, book: new RunBook(data) }, { do: 'finalize' }, cause, { interrupted: false, nowMs });
    expect(data.held).toBeNull();
    expect(nextOrder(data)).toMatchObject({ do: 'undo', steps: 'all', ending: overdue });
  });
});

describe('a cancellation', () => {
  it.each<SituationName>([
    'preparing',
    'moving',
    'stepwise, waiting for the next step',
    'held by a gate',
    'held by a step',
    'paused',
    'stopped',
  ])('undoes the run and closes it as canceled: %s', (name) => {
    const { control } = controlled(situations[name]());
    control.cancel();
    expect(nextOrder(control.data)).toEqual(undoAll(canceled));
    expect(control.data.brake).toBe('off');
  });

  it.each<SituationName>(['rolling back', 'rolling back, paused'])(
    'of a run that is undone anyway only changes how it closes, and takes the brake off: %s',
    (name) => {
      const { control, interrupted } = controlled(situations[name]());
      control.cancel();
      expect(control.data.brake).toBe('off');
      expect(control.data.order).toEqual(undoAll(canceled));
      expect(interrupted).toEqual([]);
    },
  );

  it.each<SituationName>(['rollback failed', 'rollback failed, paused'])(
    'does not try again by itself what failed: %s',
    (name) => {
      const { control } = controlled(situations[name]());
      control.cancel();
      expect(control.state).toBe('rollback-failed');
      expect(control.data.held?.order).toEqual(undoAll(canceled));
    },
  );

  it('that comes when the undo waits for its turn changes how it closes', () => {
    const partly = { ...undoing, steps: ['suppliers'], ending: null };
    const { control } = controlled(atWork(begin(preparedRun(), 'suppliers'), partly));
    control.deadlinePassed();
    control.cancel();
    expect(control.data.order).toEqual(partly);
    expect(control.data.queue).toEqual([undoAll(canceled)]);
  });

  it('that came while the run could not be closed undoes it then', () => {
    const { control } = controlled(situations['being closed']());
    control.cancel();
    expect(control.data.queue).toEqual([]);
    control.data.closing = false;
    const cause = new MustHold('ERR_001', 'the connection was lost', { next: 'Try again.' });
    const given = { interrupted: false, nowMs: start };
    giveUp({ control, book: new RunBook(control.data) }, { do: 'finalize' }, cause, given);
    expect(nextOrder(control.data)).toEqual(undoAll(canceled));
  });
});

describe('an order that could not be obeyed', () => {
  const failure = { code: 'ERR_001', message: 'the connection was lost', next: 'Try again.', counts: null };

  it('is nobody’s business any more when another one comes first', () => {
    const { control } = controlled(situations.moving());
    control.cancel();
    const given = { interrupted: true, nowMs: start };
    giveUp({ control, book: new RunBook(control.data) }, moving, failure, given);
    expect(control.data.held).toBeNull();
    expect(nextOrder(control.data)).toEqual(undoAll(canceled));
  });

  it('does not change how a run closes that is being cancelled', () => {
    const { control } = controlled(situations.moving());
    control.cancel();
    const cause = new RollbackNeeded('ERR_009', 'rows differ', 'See.');
    const given = { interrupted: true, nowMs: start };
    giveUp({ control, book: new RunBook(control.data) }, moving, cause, given);
    expect(control.data.queue).toEqual([undoAll(canceled)]);
  });

  it.each(['ERR_007', 'ERR_009'])('undoes the run for %s', (code) => {
    const { control } = controlled(situations.moving());
    const given = { interrupted: false, nowMs: start };
    giveUp({ control, book: new RunBook(control.data) }, moving, { ...failure, code }, given);
    expect(nextOrder(control.data)).toMatchObject({ steps: 'all', ending: { as: 'failed', code } });
    expect(control.data.lastError).toMatchObject({ code });
  });

  it('holds an undo also for those, and tells what is undone and what is not', () => {
    const { control } = controlled(situations['rolling back']());
    const given = { interrupted: false, nowMs: start };
    giveUp({ control, book: new RunBook(control.data) }, undoing, { ...failure, code: 'ERR_007' }, given);
    expect(control.state).toBe('rollback-failed');
    expect(control.waitingFor).toMatchObject({
      reason: expect.stringContaining('Undone: nothing. Not undone: suppliers.') as string,
      helps: ['retry', 'rollback'],
    });
  });
});

describe('run-step', () => {
  const stepwise = () => preparedRun({ mode: 'stepwise' });

  it.each<[string, RunData, string, string]>([
    ['a step whose parents have not moved', stepwise(), 'inventory', 'inventory waits for products'],
    [
      'a step that looks for one that has not moved',
      complete(stepwise(), 'customers'),
      'price-lists',
      'waits for suppliers',
    ],
    [
      'a step that is completed',
      complete(stepwise(), 'customers'),
      'customers',
      'roll it back to move it again',
    ],
    ['a step that there is not', stepwise(), 'nobody', 'allowed are customers'],
    ['validation of nothing', stepwise(), 'validate', 'nothing has moved that validate could look at'],
    [
      'finalizing before validation',
      complete(stepwise(), 'customers'),
      'finalize',
      'validate comes before finalize',
    ],
    [
      'validation of what is half in',
      begin(complete(stepwise(), 'customers'), 'suppliers'),
      'validate',
      'suppliers is half in',
    ],
    [
      'a step behind a gate',
      held({ do: 'validate' }, 'stepwise', 'validation'),
      'suppliers',
      'first of all, retry or',
    ],
    ['a step of a run that walks', held(moving), 'suppliers', 'retry goes on'],
  ])('refuses %s', (_what, data, step, words) => {
    expect(() => check(controlled(data).control, 'run-step', { step })).toThrow(words);
  });

  it('takes a table by its name', () => {
    const data = complete(stepwise(), 'suppliers', 'products');
    const order = controlled(data).control.orderOf({ step: 'inventory_levels' });
    expect(order).toEqual({ do: 'step', step: 'inventory' });
  });

  it('goes on with another step where one has failed', () => {
    const { control } = controlled(held(moving, 'stepwise'));
    control.runStep(control.orderOf({ step: 'suppliers' }));
    expect(control.data.held).toBeNull();
    expect(nextOrder(control.data)).toEqual(moving);
  });

  it('gives up an undo of some tables that cannot be done, and moves them again', () => {
    const data = begin(complete(preparedRun(), 'customers'), 'suppliers');
    const partly = { ...undoing, steps: ['suppliers'], ending: null };
    data.held = { order: partly, reason: 'in use', code: 'ERR_010', helps: ['retry'], gate: null };
    const { control } = controlled(data);
    control.runStep(control.orderOf(parseUpdate('run-step', { step: 'suppliers' })));
    expect(nextOrder(data)).toEqual(moving);
    data.held = { order: undoing, reason: 'in use', code: 'ERR_010', helps: ['retry'], gate: null };
    expect(() => check(control, 'run-step', { step: 'suppliers' })).toThrow('the whole run is being undone');
  });

  it('takes one at a time', () => {
    const { control } = controlled(stepwise());
    control.runStep(control.orderOf({ step: 'customers' }));
    expect(() => check(control, 'run-step', { step: 'suppliers' })).toThrow('the run is running');
  });
});

describe('retry', () => {
  function withRejects(mode: 'auto' | 'stepwise'): RunData {
    const data = complete(preparedRun({ mode }), 'customers', 'suppliers');
    new RunBook(data).countRows('customers', { read: 9, migrated: 8, merged: 0, rejected: 1, warnings: 0 });
    return data;
  }

  it.each(['auto', 'stepwise'] as const)(
    'tries again what holds the run, and then goes on as before: %s',
    (mode) => {
      const { control } = controlled(held(moving, mode));
      retry(control);
      expect(control.data).toMatchObject({ held: null, walking: mode === 'auto' });
      expect(nextOrder(control.data)).toEqual(moving);
    },
  );

  it('tries a failed undo again, and nothing else', () => {
    const data = withRejects('auto');
    const partly = { ...undoing, steps: ['suppliers'], ending: null };
    data.held = { order: partly, reason: 'lost', code: 'ERR_001', helps: ['retry'], gate: null };
    const { control } = controlled(data);
    retry(control, { table: 'customers' });
    expect(data.queue).toEqual([partly]);
    // What was rolled back is not moved again by itself.
    expect(data.walking).toBe(false);
  });

  it('moves the quarantine of a named table first, where another one holds the run', () => {
    const data = withRejects('stepwise');
    data.held = { order: moving, reason: 'lost', code: 'ERR_001', helps: ['retry'], gate: null };
    retry(controlled(data).control, { table: 'customers', coerceTypes: true });
    expect(data.queue).toEqual([{ do: 'retry', steps: ['customers'], coerceTypes: true }, moving]);
  });

  it('waits for its turn behind the step at work, and does not move that again', () => {
    const data = atWork(begin(withRejects('stepwise'), 'products'), { do: 'step', step: 'products' });
    const { control, interrupted } = controlled(data);
    retry(control);
    expect(data.queue).toEqual([{ do: 'retry', steps: ['customers'], coerceTypes: false }]);
    expect(interrupted).toEqual([]);
  });

  it('moves what is half in to its end, but only the table that was named', () => {
    const data = begin(
      begin(complete(preparedRun({ mode: 'stepwise' }), 'customers'), 'suppliers'),
      'price-lists',
    );
    const { control } = controlled(data);
    expect(() => check(control, 'retry', { table: 'price-lists' })).toThrow(
      'nothing has failed in price-lists',
    );
    retry(control, { table: 'suppliers' });
    expect(data.queue).toEqual([moving]);
  });

  it('moves what is half in parents first', () => {
    const data = begin(
      begin(complete(preparedRun({ mode: 'stepwise' }), 'customers'), 'suppliers'),
      'price-lists',
    );
    retry(controlled(data).control);
    expect(data.queue).toEqual([moving, { do: 'step', step: 'price-lists' }]);
  });

  it('lets a run that walks go on after some tables were rolled back', () => {
    const data = complete(preparedRun(), 'customers', 'suppliers');
    new RunBook(data).undone('suppliers', start);
    data.walking = false;
    const { control } = controlled(data);
    expect(control.waitingFor?.helps).toContain('retry');
    retry(control);
    expect(nextOrder(data)).toEqual(moving);
  });

  it('of one table says nothing about others that were rolled back', () => {
    const data = withRejects('auto');
    new RunBook(data).undone('suppliers', start);
    data.walking = false;
    const { control } = controlled(data);
    retry(control, { table: 'customers' });
    expect(nextOrder(data)).toEqual({ do: 'retry', steps: ['customers'], coerceTypes: false });
    expect(nextOrder(data)).toBeUndefined();
    retry(control, { table: 'suppliers' });
    expect(nextOrder(data)).toEqual(moving);
  });

  it('does not move again what was rolled back in stepwise mode', () => {
    const data = complete(preparedRun({ mode: 'stepwise' }), 'customers');
    new RunBook(data).undone('customers', start);
    const { control } = controlled(data);
    expect(() => check(control, 'retry')).toThrow('nothing has failed, and nothing is in quarantine');
    expect(control.waitingFor?.helps).not.toContain('retry');
  });

  it('answers only what it moves: not the quarantine, where something holds the run', () => {
    const data = withRejects('auto');
    data.held = { order: moving, reason: 'lost', code: 'ERR_001', helps: ['retry'], gate: null };
    expect(retry(controlled(data).control)).toEqual([]);
    data.held = { order: moving, reason: 'lost', code: 'ERR_001', helps: ['retry'], gate: null };
    expect(retry(controlled(data).control, { coerceTypes: true })).toEqual(['customers']);
  });

  it('goes on with a run that was left behind', () => {
    const data = startedRun();
    data.held = {
      order: { do: 'prepare' },
      reason: 'left',
      code: 'ERR_002',
      helps: ['retry'],
      gate: leftBehindGate,
    };
    retry(controlled(data).control);
    expect(data.adopt).toBe(true);
  });
});

describe('skip-validation', () => {
  it('passes the gate, marks the run and goes on', () => {
    const { control } = controlled(situations['held by a gate']());
    control.skip();
    expect(control.data).toMatchObject({ skipped: ['validation'], held: null, walking: true });
    expect(nextOrder(control.data)).toEqual({ do: 'validate' });
  });

  it('needs a gate that can be skipped', () => {
    expect(() => check(controlled(situations['held by a step']()).control, 'skip-validation')).toThrow(
      'no gate holds the run that could be skipped; retry or rollback or finish helps',
    );
  });
});

describe('rows that another run has left behind', () => {
  const full = {
    do: 'undo',
    steps: 'all',
    confirmChanged: false,
    fromBackup: false,
    ending: { as: 'rolled-back' },
  } as const;

  it('are undone when that is asked for at the gate that names them, and not before', () => {
    const early = controlled(startedRun()).control;
    early.undo(full);
    expect(early.data.adopt).toBe(false);
    const data = startedRun();
    data.held = {
      order: { do: 'prepare' },
      reason: 'left',
      code: 'ERR_002',
      helps: ['retry', 'rollback'],
      gate: leftBehindGate,
    };
    const asked = controlled(data).control;
    asked.undo(full);
    expect(data.adopt).toBe(true);
  });

  it('are nobody’s to retry at another gate', () => {
    const data = startedRun();
    data.held = {
      order: { do: 'prepare' },
      reason: 'no disk',
      code: 'ERR_008',
      helps: ['retry'],
      gate: 'disk',
    };
    retry(controlled(data).control);
    expect(data.adopt).toBe(false);
  });
});

describe('a validation that was passed by hand', () => {
  it('does not count for rows that come or go afterwards', () => {
    const data = {
      ...preparedRun(),
      validated: true,
      passed: ['quality', 'validation'],
      skipped: ['validation'],
    };
    invalidate(data);
    expect(data).toMatchObject({ validated: false, passed: ['quality'], skipped: [] });
  });
});

describe('finish', () => {
  it('keeps what is complete and takes back what is half in, children first', () => {
    const data = complete(preparedRun({ mode: 'stepwise' }), 'customers');
    begin(begin(data, 'suppliers'), 'products');
    const { control } = controlled(data);
    expect(control.finish()).toEqual({ keeps: ['customers'], undoes: ['products', 'suppliers'] });
    expect(data).toMatchObject({ queue: [{ do: 'finish' }], walking: false });
  });

  it('ends a pause', () => {
    const { control, interrupted } = controlled(situations.paused());
    control.finish();
    expect(control.data.brake).toBe('off');
    expect(interrupted).toEqual(['order']);
  });

  it('has nothing to close before the run is prepared', () => {
    const { control } = controlled(braked(situations.preparing()));
    expect(() => check(control, 'finish')).toThrow(
      'nothing has been moved yet; cancel the run, or let it go on',
    );
    expect(control.waitingFor?.helps).toEqual(['resume', 'rollback']);
  });
});

describe('configure and extend-deadline', () => {
  it('answer what was and what is', () => {
    const { control } = controlled(preparedRun({ batchSizes: { default: 10_000 } }));
    const asked = {
      // By its table or its step.
      batchSizes: { inventory_levels: 500 },
      parallel: 8,
      maxErrorRate: 0.2,
      maxDuration: '6h',
      timeout: '90s',
    };
    expect(control.configure(parseUpdate('configure', asked))).toEqual({
      batchSizes: { from: { default: 10_000 }, to: { default: 10_000, inventory: 500 } },
      parallel: { from: 2, to: 8 },
      maxErrorRate: { from: 0.1, to: 0.2 },
      maxDuration: { from: '4h', to: '6h' },
      timeout: { from: null, to: 90_000 },
    });
    expect(control.data).toMatchObject({ deadlineMs: start + 6 * hour, lockTimeoutMs: 90_000 });
  });

  it('leave alone what was not named', () => {
    const data = startedRun({ batchSizes: { default: 10_000 }, parallel: 3 });
    const { settings, deadlineMs } = structuredClone(data);
    controlled(data).control.configure(parseUpdate('configure', { alertErrorRate: 0.01 }));
    expect(data.settings).toEqual({ ...settings, alertErrorRate: 0.01 });
    expect(data).toMatchObject({ deadlineMs, lockTimeoutMs: null });
  });

  it('begin a move anew with the new settings, and nothing else', () => {
    const working = controlled(situations.moving());
    working.control.configure(parseUpdate('configure', { parallel: 4 }));
    expect(working.interrupted).toEqual(['moves']);
    working.control.configure(parseUpdate('configure', { alertErrorRate: 0.2, maxDuration: '9h' }));
    expect(working.interrupted).toEqual(['moves']);
  });

  it('refuse a time limit that has passed already: nobody means to undo a run by that', () => {
    const { control } = controlled(startedRun());
    expect(() => check(control, 'configure', { maxDuration: '1h' })).toThrow(
      'configure: maxDuration: 1h has passed already, the run began at 2025-01-19T10:30:00.000Z',
    );
    check(control, 'configure', { maxDuration: '2h' });
  });

  it('refuse the batch size of a step that there is not', () => {
    const { control } = controlled(situations.moving());
    expect(() => check(control, 'configure', { batchSizes: { nobody: 100 } })).toThrow(
      'allowed are customers',
    );
    expect(() => check(control, 'configure', { batchSizes: { default: 100, customers: 5 } })).not.toThrow();
  });

  it('move the deadline from where it is', () => {
    const { control } = controlled(startedRun());
    expect(control.extendDeadline({ by: '30m' })).toEqual({
      from: '2025-01-19T14:30:00.000Z',
      to: '2025-01-19T15:00:00.000Z',
    });
    control.extendDeadline({ by: '30m' });
    expect(control.data.deadlineMs).toBe(start + 5 * hour);
  });
});

describe('catch-up', () => {
  const order = (control: Control, given: object = {}) => control.catchUpOf(parseUpdate('catch-up', given));

  it('takes all that is complete, parents first, and counts', () => {
    const data = drifted('stepwise');
    const { control } = controlled(data);
    expect(control.waitingFor?.helps).toEqual(['retry', 'catch-up', 'skip-validation', 'rollback', 'finish']);
    control.catchUp(order(control));
    const steps = data.outline.map(({ step }) => step);
    expect(nextOrder(data)).toEqual({ do: 'catch-up', steps, from: data.phase });
    expect(data.catchUps).toEqual({ number: 1, left: steps, done: [] });
    expect(data.walking).toBe(false);
  });

  it('takes what depends on a named table along', () => {
    const { control } = controlled(drifted());
    const { steps } = order(control, { tables: ['suppliers'] });
    expect(steps).toContain('products');
    expect(steps).not.toContain('customers');
  });

  it('has a run that walks by itself validate again', () => {
    const data = drifted();
    const { control } = controlled(data);
    control.catchUp(order(control));
    expect(nextOrder(data)?.do).toBe('catch-up');
    expect(nextOrder(data)).toEqual({ do: 'validate' });
  });

  it('is refused, in words, where nothing is complete, or something half in', () => {
    expect(() => order(controlled(preparedRun({ mode: 'stepwise' })).control)).toThrow(
      /^catch-up: the run is waiting; allowed now are /,
    );
    const half = begin(complete(preparedRun({ mode: 'stepwise' }), 'customers'), 'suppliers');
    expect(() => order(controlled(half).control)).toThrow('catch-up: suppliers is half in');
    expect(() => order(controlled(drifted()).control, { tables: ['nobody'] })).toThrow(
      'no step or table nobody',
    );
    const some = complete(preparedRun({ mode: 'stepwise' }), 'customers');
    expect(() => order(controlled(some).control, { tables: ['products'] })).toThrow(
      'catch-up: products is not complete; allowed are customers',
    );
  });

  it('leaves nothing of a step that is rolled back', () => {
    const data = drifted();
    const { control } = controlled(data);
    control.catchUp(order(control));
    compensated(data, 'products');
    expect(data.catchUps?.left).not.toContain('products');
  });
});
