/** Everything that the run can be asked and told: queries, signals, updates. */
import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineSignal,
  defineUpdate,
  setDefaultSignalHandler,
  setHandler,
  TemporalFailure,
  uuid4,
} from '@temporalio/workflow';
import type { StepUndo } from '../activities/types.js';
import { parseReport, type Steering } from '../src/contract/activity-report.js';
import { parseSignal, parseUpdate, type UpdateArguments } from '../src/contract/messages.js';
import { queryNames, reportQuery, signalNames, type UpdateName } from '../src/contract/names.js';
import { call } from './activities.js';
import { activityError } from './failure.js';
import { leftBehindGate } from './gates.js';
import { changesOf, othersWrote } from './orders/undo.js';
import type { Run } from './run.js';
import type { Order, UndoOrder } from './run-data.js';
import { allToUndo } from './saga.js';
import { showDetails } from './show.js';

export function listen(run: Run): void {
  answerQueries(run);
  takeSignals(run);
  takeUpdates(run);
}

function answerQueries(run: Run): void {
  setHandler(defineQuery(queryNames.status), () => run.status(), {
    description: 'Everything about the run: phase, steps, rows, errors, what it waits for, who did what',
  });
  setHandler(
    defineQuery(queryNames.progress),
    () => {
      const { state, phase, rows, errorRate, secondsLeft, now } = run.status();
      return { state, phase, rows, errorRate, secondsLeft, now };
    },
    { description: 'The figures of the run only, for polling' },
  );
  setHandler(defineQuery(queryNames.checkpoints), () => run.status().checkpoints, {
    description: 'Points that a rollback can go back to',
  });
  setHandler(
    defineQuery<Steering, [unknown]>(reportQuery),
    (given) => {
      const report = parseReport(given);
      if (report) run.live.hear(report);
      showDetails(run.status());
      return steering(run);
    },
    { description: "For the run's own activities: they tell how far they are, and learn whether to go on" },
  );
}

function steering(run: Run): Steering {
  const { brake, ended } = run.data;
  if (ended || brake === 'stopped') return 'stop';
  return brake === 'paused' || run.interrupting ? 'pause' : 'go';
}

function takeSignals(run: Run): void {
  const { control } = run;
  const signals = {
    [signalNames.pause]: [
      () => control.pause(),
      'Commits the chunk in hand, then nothing writes until resume',
    ],
    [signalNames.resume]: [
      () => control.resume(),
      'Goes on at the next chunk, after a pause or an emergency stop',
    ],
    [signalNames.emergencyStop]: [
      () => control.emergencyStop(),
      'Drops the chunk in hand; then nothing writes. Afterwards: rollback, resume or finish',
    ],
  } as const;
  for (const [name, [act, description]] of Object.entries(signals))
    setHandler(
      defineSignal<unknown[]>(name),
      (payload) => {
        const told = parseSignal(payload);
        note(
          run,
          name,
          told ?? {},
          told ? undefined : 'its payload was none that is known, and counts as none',
        );
        act();
        run.changed();
      },
      { description },
    );
  setDefaultSignalHandler((name) => {
    const known = Object.values(signalNames).join(', ');
    note(run, `signal ${name.slice(0, 100)}`, {}, `not known, nothing was done; there are ${known}`);
    run.changed();
  });
}

function takeUpdates(run: Run): void {
  const { control, data } = run;

  update('run-step', 'Moves a step; or validate, finalize', {
    check: (args) => void control.orderOf(args),
    act: async (args) => {
      const tables = await tablesOf(run, control.orderOf(args));
      // The run has gone on meanwhile: what may be asked is asked again.
      const order = control.orderOf(args);
      control.runStep(order);
      return { will: order.do, tables };
    },
  });
  update('retry', 'Tries again what failed or holds the run; moves quarantined rows again', {
    check: (args) => void control.stepsToRetry(args),
    act: async (args) => {
      const triesAgain = data.held?.reason ?? null;
      const steps = control.retry(args, control.stepsToRetry(args));
      const quarantined = data.steps
        .filter(({ step }) => steps.includes(step))
        .map(({ table, rejected }) => ({ table, rows: rejected }));
      return { will: 'retry', triesAgain, quarantined };
    },
  });
  update(
    'catch-up',
    'Moves what has changed in the source since it was read: {"tables": []}, all that is complete unless named',
    {
      check: (args) => void control.catchUpOf(args),
      act: async (args) => {
        const order = control.catchUpOf(args);
        const tables = data.steps
          .filter(({ step }) => order.steps.includes(step))
          .map(({ table, migrated }) => ({ table, rows: migrated }));
        control.catchUp(order);
        return { will: 'catch up', tables };
      },
    },
  );
  update(
    'rollback',
    'Undoes everything, tables, the last step, or all after a checkpoint; dryRun only tells',
    {
      check: (args) => void control.undoOrderOf(args),
      act: (args) => rollback(run, args),
    },
  );
  update('configure', 'Changes the settings of the run', {
    check: (args) => control.checkConfigure(args, Date.now()),
    act: async (args) => control.configure(args),
  });
  update('extend-deadline', 'Moves the deadline: {"by": "1h"}', {
    check: () => control.check('extend-deadline'),
    act: async (args) => control.extendDeadline(args),
  });
  update(
    'skip-validation',
    'Passes the gate that holds the run; a reason is required and the run is marked',
    {
      check: () => control.checkSkip(),
      act: async () => {
        const skipped = data.held?.reason;
        control.skip();
        return { will: 'go on', skipped };
      },
    },
  );
  update('finish', 'Closes the run with what is complete; what is half in is taken back', {
    check: () => control.checkFinish(),
    act: async () => ({ will: 'finish', ...control.finish() }),
  });

  function update<K extends UpdateName>(
    name: K,
    description: string,
    {
      check,
      act,
    }: { check: (args: UpdateArguments[K]) => void; act: (args: UpdateArguments[K]) => Promise<object> },
  ): void {
    setHandler(
      defineUpdate<object, [unknown]>(name),
      async (given) => {
        const args = parseUpdate(name, given);
        // A run that was cancelled, and whose undo is held, can still be told what to do.
        const answer = await CancellationScope.nonCancellable(() => act(args)).catch((error: unknown) => {
          throw asRefusal(error);
        });
        note(run, isDryRun(args) ? `${name} (dry run)` : name, args);
        run.changed();
        return { accepted: name, ...answer };
      },
      {
        description,
        validator: (given) => check(parseUpdate(name, given)),
      },
    );
  }
}

/** What an order will do: tables in order, with their rows. */
async function tablesOf({ data }: Run, order: Order): Promise<{ table: string; rows: number }[]> {
  if (order.do !== 'step')
    return data.steps
      .filter(({ state }) => state === 'completed')
      .map(({ table, migrated }) => ({ table, rows: migrated }));
  const { step } = order;
  const table = data.steps.find((each) => each.step === step)?.table ?? step;
  return [{ table, rows: await call('countSource', { ...data.ref, step }, once(`countSource ${step}`)) }];
}

/** Looks first at what would go; refuses where others have changed or built upon it, unless that is confirmed. */
async function rollback(run: Run, args: UpdateArguments['rollback']): Promise<object> {
  const { control } = run;
  const { brakes } = control;
  const first = control.undoOrderOf(args);
  const undos = await preview(run, first);
  const changes = changesOf(undos);
  if (args.fromBackup) changes.push(...(await lostByRestore(run)));
  const plan = {
    will: args.dryRun ? 'nothing: this is a dry run' : 'rollback',
    fromBackup: args.fromBackup,
    tables: undos,
    rows: undos.reduce((sum, { rows }) => sum + rows, 0),
    ...(changes.length > 0 && { needsConfirmChanged: changes }),
  };
  if (args.dryRun) return plan;
  if (changes.length > 0 && !args.confirmChanged)
    throw ApplicationFailure.nonRetryable(
      `rollback: ${changes.join(' ')} Nothing was done; with confirmChanged it is undone all the same.`,
      'ERR_010',
    );
  // The run has gone on meanwhile: what may be asked is asked again.
  control.undo(control.undoOrderOf(args), brakes);
  return plan;
}

async function preview({ data }: Run, order: UndoOrder): Promise<StepUndo[]> {
  const left =
    data.held?.gate === leftBehindGate
      ? await call('findLeftBehind', data.ref, once('findLeftBehind'))
      : null;
  const ref = left ? { run: left.run, plan: left.plan, startedAt: left.startedAt } : data.ref;
  const steps = left ? left.steps.toReversed() : order.steps === 'all' ? allToUndo(data) : order.steps;
  return steps.length === 0 ? [] : call('previewUndo', { ...ref, steps }, once('previewUndo'));
}

/** What a restore would take away that is not the run's. */
async function lostByRestore({ data }: Run): Promise<string[]> {
  if (!data.entered) return [];
  const others = await call('previewRestore', data.ref, once('previewRestore'));
  return others.rows > 0 ? [othersWrote(others)] : [];
}

/** An id for an activity that several who ask may call at once. */
function once(activity: string): string {
  return `${activity} ${uuid4().slice(0, 8)}`;
}

/** A refusal that comes after the validator is the sender's to hear, and no fault of the workflow. */
function asRefusal(error: unknown): unknown {
  const failure = activityError(error);
  if (failure) return ApplicationFailure.nonRetryable(`${failure.message} ${failure.next}`, failure.code);
  if (!(error instanceof Error) || error instanceof TemporalFailure) return error;
  return ApplicationFailure.nonRetryable(error.message, 'ERR_002');
}

function isDryRun(args: object): boolean {
  return 'dryRun' in args && args.dryRun === true;
}

function note(run: Run, what: string, who: object, remark?: string): void {
  const by =
    'by' in who && what !== 'extend-deadline' && typeof who.by === 'string' && who.by !== ''
      ? who.by
      : 'operator';
  const given = 'reason' in who && typeof who.reason === 'string' ? who.reason : undefined;
  const reason = [given, remark].filter((part) => part !== undefined).join('; ') || null;
  run.book.note({ by, what, reason }, Date.now());
}
