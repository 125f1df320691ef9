/**
 * Which steps an undo takes back, and in which order: children first. A step's compensation (undoing its rows by their
 * lineage) is registered before the step writes anything, and taken off when it has been done.
 */
import type { UpdateArguments } from '../src/contract/messages.js';
import type { RunData } from './run-data.js';

type Saga = Pick<RunData, 'compensations' | 'outline' | 'checkpoints' | 'steps'>;

/** Before the step acts. The latest act comes last: what a step rests on has always begun before it. */
export function register({ compensations }: Saga, step: string): void {
  if (!compensations.includes(step)) compensations.push(step);
}

export function compensated(data: Saga & Pick<RunData, 'catchUps'>, step: string): void {
  const { compensations, catchUps } = data;
  const at = compensations.indexOf(step);
  if (at >= 0) compensations.splice(at, 1);
  // What is moved anew is as its source is.
  if (catchUps) data.catchUps = { ...catchUps, left: catchUps.left.filter((other) => other !== step) };
}

/** Everything, the last first. */
export function allToUndo({ compensations }: Saga): string[] {
  return compensations.toReversed();
}

/** These steps and all that depend on them, as far as there is something to undo; the last first. */
export function withDependents(saga: Saga, steps: readonly string[]): string[] {
  const gone = new Set(steps);
  // The outline is in the order of dependencies: one pass finds them all.
  for (const { step, dependsOn } of saga.outline)
    if (dependsOn.some((other) => gone.has(other))) gone.add(step);
  return allToUndo(saga).filter((step) => gone.has(step));
}

/** What a rollback that an operator asks for would undo. Throws with what is allowed when it names what there is not. */
export function toUndo(
  saga: Saga,
  { scope, tables, checkpoint }: Pick<UpdateArguments['rollback'], 'scope' | 'tables' | 'checkpoint'>,
): string[] {
  if (scope === 'full') return allToUndo(saga);
  if (scope === 'last-step') return withDependents(saga, saga.compensations.slice(-1));
  if (scope === 'checkpoint') return withDependents(saga, afterCheckpoint(saga, checkpoint));
  if (tables.length === 0) throw new Error(`rollback: name the tables to undo; allowed are ${names(saga)}`);
  return withDependents(
    saga,
    tables.map((name) => stepNamed(saga, name)),
  );
}

/** Of a step or its table. */
export function stepNamed(saga: Pick<Saga, 'outline'>, name: string): string {
  const found =
    saga.outline.find(({ step }) => step === name) ?? saga.outline.find(({ table }) => table === name);
  if (!found) throw new Error(`the run has no step or table ${name}; allowed are ${names(saga)}`);
  return found.step;
}

/** All that began after the checkpoint was reached. */
function afterCheckpoint({ compensations, checkpoints, outline }: Saga, name: string): string[] {
  const reached = checkpoints.findIndex((checkpoint) => checkpoint.name === name);
  if (reached < 0) {
    const there = checkpoints.map((checkpoint) => checkpoint.name).join(', ') || 'none yet';
    throw new Error(`rollback: the run has no checkpoint ${name || '(none was named)'}; there are: ${there}`);
  }
  const before = new Set(checkpoints.slice(0, reached + 1).map((checkpoint) => checkpoint.name));
  return compensations.filter((step) => {
    const table = outline.find((each) => each.step === step)?.table;
    return !before.has(`${table}_completed`);
  });
}

function names({ outline }: Pick<Saga, 'outline'>): string {
  return [...new Set(outline.flatMap(({ step, table }) => [step, table]))].join(', ');
}
