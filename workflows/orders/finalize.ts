import type { Acts } from '../acts.js';
import { undoSteps } from './undo.js';
import { withDependents } from '../saga.js';

/** Phase 4. From the moment of closing on nothing may interrupt: closed or not closed. */
export async function finalize(acts: Acts): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  data.phase = 'finalize';
  acts.changed();
  await acts.do('finishTarget', (ref) => ref);
  const status = { ...book.status(Date.now(), { state: 'completed', waitingFor: null }) };
  data.report = (await acts.do('writeReport', (ref) => ({ ...ref, status }))).path;
  try {
    await acts.do('closeRun', (ref) => {
      // Not before: the brake may be on by now, and whoever waits may still be asked for something else.
      data.closing = true;
      return { ...ref, state: 'completed' as const };
    });
    data.ended = 'completed';
  } finally {
    data.closing = false;
  }
}

/** Keeps what is complete and takes back what is half in: a table that is closed has all its rows or none. */
export async function finish(acts: Acts): Promise<void> {
  const { data } = acts.control;
  const half = data.steps.filter(({ state }) => state !== 'completed').map(({ step }) => step);
  await undoSteps(acts, withDependents(data, half), 'nothing');
  await finalize(acts);
}
