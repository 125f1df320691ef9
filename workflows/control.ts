/**
 * What may happen to a run, and when: the state machine behind the signals and updates. Plain and synchronous; what it
 * decides stands in the run's data, and `Effects` are told what must be interrupted.
 */
import { parseDuration } from '../src/contract/duration.js';
import { lockTimeoutMs, type UpdateArguments } from '../src/contract/messages.js';
import type { UpdateName } from '../src/contract/names.js';
import type { RunState, WaitingFor } from '../src/contract/status.js';
import type { Brake, CatchUpOrder, Ending, Order, RunData, UndoOrder } from './run-data.js';
import { leftBehindGate, validationGate } from './gates.js';
import { iso } from './run-book.js';
import { stepNamed, toUndo, withDependents } from './saga.js';

/** What the run is in the middle of, as far as it matters for what may be asked of it. */
export type Situation = 'working' | 'idle' | 'held' | 'braked' | 'undoing' | 'undo-held' | 'closing';

/** Which updates are taken in which situation. Everything else is refused, with this table's words. */
const taken: Readonly<Record<UpdateName, readonly Situation[]>> = {
  'run-step': ['idle', 'held', 'undo-held'],
  retry: ['working', 'idle', 'held', 'undo-held'],
  'catch-up': ['idle', 'held'],
  rollback: ['working', 'idle', 'held', 'braked', 'undo-held'],
  configure: ['working', 'idle', 'held', 'braked', 'undoing', 'undo-held'],
  'extend-deadline': ['working', 'idle', 'held', 'braked', 'undoing', 'undo-held'],
  'skip-validation': ['held'],
  finish: ['idle', 'held', 'braked'],
};

/** Names that `run-step` takes beside the plan's steps. */
const phaseOrders: ReadonlyMap<string, Order> = new Map([
  ['validate', { do: 'validate' }],
  ['finalize', { do: 'finalize' }],
]);

/** What `configure` changes. */
const configurable = [
  'batchSizes',
  'parallel',
  'alertErrorRate',
  'maxErrorRate',
  'maxDuration',
  'timeout',
] as const;

/** Those of them that a move at work must be told of. */
const ofMoves: ReadonlySet<string> = new Set(['batchSizes', 'parallel', 'maxErrorRate', 'timeout']);

export interface Effects {
  /** ends what is at work, to go on with the same order as soon as it may */
  interruptActs(): void;
  /** has the moves begin anew, with new settings, behind what they have committed */
  renewMoves(): void;
  /** ends the order at work for another one */
  interruptOrder(): void;
}

export class Control {
  readonly data: RunData;
  readonly #effects: Effects;
  /** acts that have not ended yet */
  actsInFlight = 0;
  /** pauses and stops that have come: tells one that came meanwhile from one that was there before */
  brakes = 0;

  constructor(data: RunData, effects: Effects) {
    this.data = data;
    this.#effects = effects;
  }

  get situation(): Situation {
    const { data } = this;
    if (data.ended || data.closing) return 'closing';
    const { held, order, queue, brake } = data;
    if (held?.order.do === 'undo') return 'undo-held';
    if (order?.do === 'undo' || queue[0]?.do === 'undo') return 'undoing';
    if (brake !== 'off') return 'braked';
    if (held) return 'held';
    return this.isIdle ? 'idle' : 'working';
  }

  /** Nothing is at work and nothing would come by itself. */
  get isIdle(): boolean {
    const { order, queue, prepared, walking } = this.data;
    return order === null && queue.length === 0 && prepared && !walking;
  }

  /** As everybody sees it. Paused and stopped mean that nothing writes: not before the last act has ended. */
  get state(): RunState {
    const { ended, brake, held, order, queue } = this.data;
    if (ended) return ended;
    if (brake !== 'off' && this.actsInFlight === 0) return brake;
    if (held) return held.order.do === 'undo' ? 'rollback-failed' : 'waiting';
    if (order?.do === 'undo' || queue[0]?.do === 'undo') return 'rolling-back';
    return this.isIdle ? 'waiting' : 'running';
  }

  /** Helps that are named are taken at this moment. */
  get waitingFor(): WaitingFor | null {
    const { state } = this;
    const { held, steps } = this.data;
    if (state === 'paused' || state === 'stopped') {
      const first = state === 'paused' ? ['resume', 'rollback'] : ['rollback', 'resume'];
      const helps = [...first, ...(this.#mayFinish ? ['finish'] : [])];
      return {
        reason: `the run is ${state}${held ? `; before that: ${held.reason}` : ''}`,
        code: held?.code ?? null,
        helps: helps.filter((help) => help === 'resume' || this.#takes(help)),
      };
    }
    if (state !== 'waiting' && state !== 'rollback-failed') return null;
    if (held) {
      const helps = held.helps.filter((help) => help !== 'catch-up' || this.#mayCatchUp);
      return { reason: held.reason, code: held.code, helps };
    }
    const retry = this.#mayRetry(steps) ? ['retry'] : [];
    const catchUp = this.#mayCatchUp ? ['catch-up'] : [];
    return {
      reason: this.#whatIsNext(),
      code: null,
      helps: ['run-step', ...retry, ...catchUp, 'rollback', 'finish'],
    };
  }

  // Signals: in any phase, at any time, any number of times.

  pause(): void {
    if (this.data.brake === 'off') this.#brake('paused');
  }

  emergencyStop(): void {
    this.#brake('stopped');
  }

  resume(): void {
    if (this.data.ended === null) this.data.brake = 'off';
  }

  // Updates: `check…` refuses by throwing and changes nothing; the other does what was asked.

  /** Throws when an update of this name cannot be taken now. */
  check(update: UpdateName): void {
    if (this.#takes(update)) return;
    if (this.situation === 'closing')
      throw new Error(`${update}: the run is being closed; nothing can be asked of it`);
    const allowed = Object.keys(taken).filter((name) => this.#takes(name));
    const signals = this.data.brake === 'off' ? 'pause, emergency-stop' : 'resume, emergency-stop';
    throw new Error(
      `${update}: the run is ${this.state}; allowed now are ${allowed.join(', ')}, and the signals ${signals}`,
    );
  }

  /** The order that `run-step` asks for. */
  orderOf({ step: name }: UpdateArguments['run-step']): Order {
    this.check('run-step');
    const { data } = this;
    const { held } = data;
    if (held?.order.do === 'undo' && held.order.steps === 'all')
      throw new Error('run-step: the whole run is being undone; retry or rollback goes on with that');
    // An undo of some tables that cannot be done is given up by moving them again.
    const heldWork = held?.gate === null && held.order.do !== 'prepare' && held.order.do !== 'finalize';
    if (data.settings.mode === 'auto' && this.situation === 'held')
      throw new Error('run-step: the run walks by itself and is held; retry goes on');
    if (data.held && !heldWork)
      throw new Error(`run-step: first of all, ${data.held.helps.join(' or ')}: ${data.held.reason}`);
    const phase = phaseOrders.get(name);
    if (phase) return this.#phaseOrder(name, phase);
    const step = stepNamed(data, name);
    const status = data.steps.find((each) => each.step === step);
    if (status?.state === 'completed')
      throw new Error(`run-step: ${step} is completed; roll it back to move it again`);
    const missing = this.#missingFor(step);
    if (missing.length > 0)
      throw new Error(`run-step: ${step} waits for ${missing.join(', ')}, which has not moved`);
    return { do: 'step', step };
  }

  runStep(order: Order): void {
    this.data.held = null;
    // What waited behind an order that was held may rest on it.
    this.data.queue.splice(0, this.data.queue.length, order);
  }

  /** Steps whose quarantined rows a retry would move again. */
  stepsToRetry({ table }: UpdateArguments['retry']): string[] {
    this.check('retry');
    const named = this.#named(table);
    if (!this.#mayRetry(named))
      throw new Error(
        `retry: nothing has failed${table === undefined ? '' : ` in ${table}`}, and nothing is in quarantine`,
      );
    // Behind an undo nothing is left that could be moved again.
    return this.situation === 'undo-held' ? [] : inQuarantine(named);
  }

  /** Answers the steps whose quarantine it moves. What holds the run is tried again; else, or when a table is named, its quarantined rows are moved again. */
  retry(args: UpdateArguments['retry'], steps: readonly string[]): readonly string[] {
    const { data, situation } = this;
    const { held } = data;
    const { coerceTypes } = args;
    const halfIn = situation === 'idle' ? this.#halfIn(this.#named(args.table)) : [];
    const again: Order[] =
      steps.length > 0 && (held === null || args.table !== undefined || coerceTypes)
        ? [{ do: 'retry', steps, coerceTypes }]
        : [];
    if (held) {
      data.held = null;
      // What waits behind the order that is held may rest on it.
      data.queue.unshift(...again, held.order);
      if (held.gate === leftBehindGate) data.adopt = true;
    } else {
      data.queue.push(...again);
      if (data.settings.mode === 'stepwise')
        data.queue.push(...halfIn.map((step) => ({ do: 'step', step }) as const));
    }
    // What is rolled back in part stays so until somebody asks for more.
    // The quarantine of one table is no word about the others.
    const isGoneOnWith = held !== null || args.table === undefined || steps.length === 0 || data.walking;
    data.walking = data.settings.mode === 'auto' && situation !== 'undo-held' && isGoneOnWith;
    return again.length > 0 ? steps : [];
  }

  /** The order that a catch-up asks for: the steps that are named, or all that are complete, and what depends on them. */
  catchUpOf({ tables }: UpdateArguments['catch-up']): CatchUpOrder {
    const { data } = this;
    if (this.situation === 'idle') this.#refuseHalfIn('catch-up');
    this.check('catch-up');
    const completed = data.steps.filter(({ state }) => state === 'completed').map(({ step }) => step);
    const named = tables.map((name) => stepNamed(data, name));
    const missing = named.filter((step) => !completed.includes(step));
    if (missing.length > 0)
      throw new Error(`catch-up: ${missing.join(', ')} is not complete; allowed are ${completed.join(', ')}`);
    const wanted = named.length === 0 ? completed : withDependents(data, named);
    return {
      do: 'catch-up',
      steps: completed.filter((step) => wanted.includes(step)),
      from: data.phase,
    };
  }

  catchUp(order: CatchUpOrder): void {
    const { data } = this;
    const wasHeld = data.held !== null;
    data.catchUps = { number: (data.catchUps?.number ?? 0) + 1, left: order.steps, done: [] };
    data.held = null;
    data.queue.splice(0, data.queue.length, order);
    // The gate that held a run which walks by itself is looked at again.
    data.walking = wasHeld && data.settings.mode === 'auto';
  }

  /** The order that a rollback asks for. */
  undoOrderOf(args: UpdateArguments['rollback']): UndoOrder {
    this.check('rollback');
    const { data } = this;
    const { confirmChanged, fromBackup } = args;
    if (fromBackup && args.scope !== 'full')
      throw new Error('rollback: the backup has the whole target; fromBackup goes with scope full only');
    const steps = toUndo(data, args);
    if (args.scope !== 'full' && steps.length === 0)
      throw new Error('rollback: of these, nothing is in the target');
    if (
      args.scope !== 'full' &&
      this.situation === 'undo-held' &&
      data.held?.order.do === 'undo' &&
      data.held.order.steps === 'all'
    )
      throw new Error('rollback: the whole run is being undone; only scope full helps');
    const before = data.held?.order;
    // A rollback of the run's own goes on to the end that it was begun for.
    const ending: Ending = before?.do === 'undo' && before.ending ? before.ending : { as: 'rolled-back' };
    return args.scope === 'full'
      ? { do: 'undo', steps: 'all', confirmChanged, fromBackup, ending }
      : { do: 'undo', steps, confirmChanged, fromBackup, ending: null };
  }

  /**
   * Puts an undo before everything else. The clock, a cancellation and what the run itself finds ask for it too.
   *
   * @param sinceBrakes `brakes` when it was asked for: a pause or stop that came later holds the undo, too
   */
  undo(order: UndoOrder, sinceBrakes = this.brakes): void {
    const { data } = this;
    if (data.closing || data.ended) return;
    // Asked for by somebody who was told whose rows these are.
    if (data.held?.gate === leftBehindGate && order.ending?.as === 'rolled-back') data.adopt = true;
    data.queue.splice(0, data.queue.length, order);
    data.held = null;
    if (this.brakes === sinceBrakes) data.brake = 'off';
    data.walking = false;
    this.#effects.interruptOrder();
  }

  /** What the run itself finds must not stand. A full undo that is under way, or held, is all that this could ask for. */
  undoByItself(ending: Ending): void {
    if (!this.#fullUndo()) this.undo(undoAll(this.data.canceled ? { as: 'canceled' } : ending));
  }

  deadlinePassed(): void {
    const { deadlineMs, settings } = this.data;
    const message = `The run has passed its deadline, ${iso(deadlineMs)} (maxDuration ${settings.maxDuration}).`;
    const next = 'Start again with a longer maxDuration.';
    this.undoByItself({ as: 'failed', code: 'ERR_006', message, next });
  }

  /** `temporal workflow cancel`: undone in full, whatever else the run was to end as. */
  cancel(): void {
    const { data } = this;
    data.canceled = true;
    if (!data.closing) data.brake = 'off';
    const under = this.#fullUndo();
    if (!under) return this.undo(undoAll({ as: 'canceled' }));
    const canceled: UndoOrder = { ...under, ending: { as: 'canceled' } };
    if (data.held?.order === under) data.held = { ...data.held, order: canceled };
    else if (data.order === under) data.order = canceled;
    else data.queue.splice(0, 1, canceled);
  }

  checkConfigure({ batchSizes = {}, maxDuration }: UpdateArguments['configure'], nowMs: number): void {
    this.check('configure');
    const { startedAtMs } = this.data;
    if (maxDuration !== undefined && startedAtMs + (parseDuration(maxDuration) ?? 0) <= nowMs)
      throw new Error(
        `configure: maxDuration: ${maxDuration} has passed already, the run began at ${iso(startedAtMs)}; cancel or rollback undoes it`,
      );
    for (const name of Object.keys(batchSizes)) if (name !== 'default') stepNamed(this.data, name);
  }

  configure(
    args: UpdateArguments['configure'],
  ): Record<string, { readonly from: unknown; readonly to: unknown }> {
    const { data } = this;
    const before = { ...data.settings, timeout: data.lockTimeoutMs };
    const { batchSizes, parallel, alertErrorRate, maxErrorRate, maxDuration, timeout } = args;
    data.settings = {
      ...data.settings,
      ...(batchSizes && { batchSizes: { ...data.settings.batchSizes, ...this.#byStep(batchSizes) } }),
      ...(parallel !== undefined && { parallel }),
      ...(alertErrorRate !== undefined && { alertErrorRate }),
      ...(maxErrorRate !== undefined && { maxErrorRate }),
      ...(maxDuration !== undefined && { maxDuration }),
    };
    if (timeout !== undefined) data.lockTimeoutMs = lockTimeoutMs(timeout);
    if (maxDuration !== undefined) data.deadlineMs = data.startedAtMs + (parseDuration(maxDuration) ?? 0);
    const after = { ...data.settings, timeout: data.lockTimeoutMs };
    const changed = configurable.filter((name) => args[name] !== undefined);
    if (changed.some((name) => ofMoves.has(name))) this.#effects.renewMoves();
    return Object.fromEntries(changed.map((name) => [name, { from: before[name] ?? null, to: after[name] }]));
  }

  /** Tables may be named too. */
  #byStep(sizes: Readonly<Record<string, number>>): Record<string, number> {
    return Object.fromEntries(
      Object.entries(sizes).map(([name, size]) => [
        name === 'default' ? name : stepNamed(this.data, name),
        size,
      ]),
    );
  }

  extendDeadline({ by }: UpdateArguments['extend-deadline']): { readonly from: string; readonly to: string } {
    const { data } = this;
    const from = iso(data.deadlineMs);
    data.deadlineMs += parseDuration(by) ?? 0;
    return { from, to: iso(data.deadlineMs) };
  }

  checkSkip(): void {
    this.check('skip-validation');
    const { held } = this.data;
    if (!held?.helps.includes('skip-validation'))
      throw new Error(
        `skip-validation: no gate holds the run that could be skipped; ${held?.helps.join(' or ')} helps`,
      );
  }

  skip(): void {
    const { data } = this;
    if (!data.held?.gate) return;
    data.skipped.push(data.held.gate);
    data.queue.unshift(data.held.order);
    data.held = null;
    data.walking = data.settings.mode === 'auto';
  }

  checkFinish(): void {
    this.check('finish');
    if (!this.#mayFinish)
      throw new Error('finish: nothing has been moved yet; cancel the run, or let it go on');
  }

  /** Steps that a finish keeps, and those half in that it takes back. */
  finish(): { readonly keeps: string[]; readonly undoes: string[] } {
    const { data } = this;
    const half = data.steps.filter(({ state }) => state !== 'completed').map(({ step }) => step);
    const undoes = withDependents(data, half);
    const keeps = data.steps
      .filter(({ step, state }) => state === 'completed' && !undoes.includes(step))
      .map(({ step }) => step);
    data.queue.splice(0, data.queue.length, { do: 'finish' });
    data.held = null;
    data.brake = 'off';
    data.walking = false;
    this.#effects.interruptOrder();
    return { keeps, undoes };
  }

  #takes(update: string): boolean {
    if (!isUpdate(update) || !taken[update].includes(this.situation)) return false;
    return update !== 'catch-up' || this.#mayCatchUp;
  }

  /** Something is complete and nothing half in; what holds the run is that its source has changed, if anything does. */
  get #mayCatchUp(): boolean {
    const { held, steps } = this.data;
    if (held && held.gate !== validationGate) return false;
    return this.#halfInSteps.length === 0 && steps.some(({ state }) => state === 'completed');
  }

  /** Steps that have rows in the target, but not all, or not all that goes with them. */
  get #halfInSteps(): string[] {
    const { steps, compensations } = this.data;
    return steps
      .filter(({ step, state }) => state !== 'completed' && compensations.includes(step))
      .map(({ step }) => step);
  }

  #refuseHalfIn(update: UpdateName): void {
    const half = this.#halfInSteps;
    if (half.length > 0)
      throw new Error(`${update}: ${half.join(', ')} is half in; move it to its end, or roll it back`);
  }

  /** Something holds the run, has failed, or is in quarantine; or the run could walk on. */
  #mayRetry(steps: RunData['steps']): boolean {
    if (this.data.held || inQuarantine(steps).length > 0) return true;
    if (this.situation !== 'idle') return false;
    return this.data.settings.mode === 'auto'
      ? steps.some(({ state }) => state !== 'completed' && state !== 'pending')
      : this.#halfIn(steps).length > 0;
  }

  /** Steps that have begun and can be moved on: what they wait for is in, or comes before them. */
  #halfIn(steps: RunData['steps']): string[] {
    const found: string[] = [];
    for (const { step, state } of steps)
      if (state === 'failed' || state === 'running')
        if (this.#missingFor(step).every((other) => found.includes(other))) found.push(step);
    return found;
  }

  #missingFor(step: string): string[] {
    const { outline, steps } = this.data;
    const waitsFor = outline.find((each) => each.step === step)?.waitsFor ?? [];
    return steps
      .filter((each) => waitsFor.includes(each.step) && each.step !== step && each.state !== 'completed')
      .map((each) => each.step);
  }

  #named(table: string | undefined): RunData['steps'] {
    const { data } = this;
    if (table === undefined) return data.steps;
    const named = stepNamed(data, table);
    return data.steps.filter(({ step }) => step === named);
  }

  get #mayFinish(): boolean {
    return this.#takes('finish') && this.data.prepared && this.data.entered;
  }

  #brake(brake: Brake): void {
    const { data } = this;
    if (data.ended) return;
    this.brakes++;
    data.brake = brake;
    // Closed or not closed: it counts if that fails.
    if (!data.closing) this.#effects.interruptActs();
  }

  #phaseOrder(name: string, order: Order): Order {
    const { data } = this;
    this.#refuseHalfIn('run-step');
    if (data.steps.every(({ state }) => state !== 'completed'))
      throw new Error(`run-step: nothing has moved that ${name} could look at`);
    if (name === 'finalize' && data.settings.verify && !data.validated)
      throw new Error('run-step: validate comes before finalize; finish closes the run without it');
    return order;
  }

  #fullUndo(): UndoOrder | undefined {
    const { held, order, queue } = this.data;
    return [held?.order, queue[0], order].find(
      (each): each is UndoOrder => each?.do === 'undo' && each.steps === 'all',
    );
  }

  #whatIsNext(): string {
    const { steps, settings, validated } = this.data;
    const open = steps.filter(({ state }) => state !== 'completed').map(({ step }) => step);
    if (open.length > 0) return `the next step: ${open.join(', ')}`;
    return settings.verify && !validated ? 'validate' : 'finalize';
  }
}

function inQuarantine(steps: RunData['steps']): string[] {
  return steps.filter(({ state, rejected }) => state === 'completed' && rejected > 0).map(({ step }) => step);
}

function isUpdate(name: string): name is UpdateName {
  return name in taken;
}

export function undoAll(ending: Ending): UndoOrder {
  return { do: 'undo', steps: 'all', confirmChanged: false, fromBackup: false, ending };
}
