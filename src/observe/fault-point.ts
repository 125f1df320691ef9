import { MigrationError } from '../contract/errors.js';

/** The named points of a run where a crash must leave nothing lost and nothing doubled, in the order of a run. */
export const faultPoints = [
  // prepare: rows of a table are on their way to the backup; the backup is in, nobody has heard of it
  'in-backup',
  'backup-made',
  // survey: indexes and constraints are off, the survey itself is not written
  'objects-off',
  // move, for each chunk
  'before-claim',
  'in-copy',
  'after-copy',
  'before-commit',
  'after-commit',
  // all chunks of a range are in, the range is not marked as done
  'range-done',
  // complete, for each index or constraint: built and not committed; committed
  'in-index-build',
  'object-back',
  // verify, for each chunk: compared and not marked; marked
  'chunk-compared',
  'chunk-verified',
  // catch-up, for each chunk that is not as its source is: its rows are changed and not committed; committed
  'in-catch-up',
  'chunk-caught-up',
  // undo, for each chunk: its rows are deleted and not committed; committed
  'in-undo',
  'undo-chunk-done',
] as const;

export type FaultPoint = (typeof faultPoints)[number];
/** Told which point is passed. */
export type PassPoint = (point: FaultPoint) => void;

/** `SIGKILL` ends the process without a word; `SIGSTOP` freezes it until somebody sends it SIGCONT. */
const signals = ['SIGKILL', 'SIGSTOP'] as const;

/**
 * Sends the process a signal at the n-th time that a named point is passed: `NXT_FAULT_POINT=after-copy:3`, or
 * `after-copy:3:SIGSTOP`; n is 1 and the signal SIGKILL unless given. For tests of what a crash at exactly that point
 * leaves behind; undefined, and nothing happens, in production.
 *
 * Throws ERR_002 for what is no point, no count or none of the two signals.
 */
export function faultPoint(
  environment: NodeJS.ProcessEnv,
  send = (signal: NodeJS.Signals): unknown => process.kill(process.pid, signal),
): PassPoint | undefined {
  const wanted = environment['NXT_FAULT_POINT'];
  if (!wanted || environment['NODE_ENV'] === 'production') return undefined;
  const [name, times = '1', signalName = 'SIGKILL'] = wanted.split(':');
  const signal = signals.find((candidate) => candidate === signalName);
  const known = faultPoints.some((point) => point === name);
  if (!known || !signal || !/^[1-9]\d*$/.test(times))
    throw new MigrationError('ERR_002', `NXT_FAULT_POINT is no point of a run: ${wanted}.`, {
      next: `Unset it, or set <point>:<n>:<${signals.join(' or ')}>; the points are ${faultPoints.join(', ')}.`,
    });
  let left = Number(times);
  return (point) => {
    if (point === name && --left === 0) send(signal);
  };
}
