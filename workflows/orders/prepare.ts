import { ApplicationFailure } from '@temporalio/workflow';
import type { Acts } from '../acts.js';
import { activityError, MustHold } from '../failure.js';
import { leftBehindGate } from '../gates.js';
import { register } from '../saga.js';

/** Phase 1: everything that can be known before the first row is written. */
export async function prepare(acts: Acts): Promise<void> {
  const { data } = acts.control;
  data.phase = 'prepare';
  acts.changed();
  if (!data.entered) await enter(acts);
  const steps = data.steps.map(({ step }) => step);
  const begun = data.compensations.length > 0;
  await acts.gate('connections', () => acts.do('checkConnections', (ref) => ref));
  await acts.gate('source', () => acts.do('inspectSource', (ref) => ({ ...ref, steps })));
  // A run that is gone on with has its indexes off, and its rows in.
  if (!begun) {
    await acts.gate('target', () => acts.do('prepareTarget', (ref) => ref));
    await acts.gate('disk', () => acts.do('checkDisk', (ref) => ref));
    await acts.gate('quality', async () => {
      const minScore = data.settings.minQualityScore;
      const quality = await acts.do('scoreQuality', (ref) => ({ ...ref, steps, minScore }));
      data.qualityScore = quality.score;
      return quality;
    });
  }
  await once(acts, 'fingerprint', () => acts.do('fingerprintTarget', (ref) => ref));
  if (data.settings.backup && !begun) await acts.gate('backup', () => acts.do('backUpTarget', (ref) => ref));
  data.prepared = true;
}

/** Into the target's own tables, or into the place of a run that was left behind there. */
async function enter(acts: Acts): Promise<void> {
  const { data } = acts.control;
  const left = await orFail(() => acts.do('findLeftBehind', (ref) => ref));
  if (left) data.searchAttributes = left.searchAttributes;
  if (left && !data.adopt)
    throw new MustHold(
      'ERR_002',
      `the run ${left.run} (${left.name}) is open on this target with ${left.rows} rows of ${left.steps.join(', ') || 'no step'} in it, and this Temporal knows no such workflow that is alive; retry goes on with it, rollback (scope full) undoes it. Make sure first that no other Temporal service is running it`,
      {
        next: 'Send the update retry to go on with it, or rollback with scope full to undo it.',
        gate: leftBehindGate,
      },
    );
  if (left) return orFail(() => adopt(acts));
  const { settings, name } = data;
  data.entering = true;
  const opened = await orFail(() => acts.do('openRun', (ref) => ({ ...ref, settings, name })));
  data.entered = true;
  data.searchAttributes = opened.searchAttributes;
  data.parallel = opened.parallel;
  acts.book.setOutline(opened.outline);
  acts.changed();
}

/** Goes on in the name of the run that was left behind: from here on its rows are ours. */
export async function adopt(acts: Acts): Promise<void> {
  const { book } = acts;
  const { data } = acts.control;
  const left = await acts.do('findLeftBehind', (ref) => ref);
  if (!left) return;
  const { run, plan, startedAt } = left;
  const { tables } = data.settings;
  const adopted = await acts.do('adoptRun', ({ run: by }) => ({
    run,
    plan,
    startedAt,
    by,
    tables: tables ?? null,
  }));
  data.ref = { run, plan, startedAt };
  data.settings = { ...data.settings, plan };
  data.entered = true;
  data.searchAttributes = adopted.searchAttributes;
  data.parallel = adopted.parallel;
  book.setOutline(adopted.outline);
  book.adopt(adopted.steps, adopted.checkpoints);
  for (const { step, state } of adopted.steps)
    if (state === 'running' || state === 'completed') register(data, step);
  const { catchUp } = adopted;
  if (catchUp) {
    data.catchUps = { number: catchUp.number, left: catchUp.steps, done: [] };
    // What has been undone in part is moved first.
    const { ready = catchUp.steps } = catchUp;
    if (ready.length > 0) data.queue.push({ do: 'catch-up', steps: ready, from: 'migrate' });
  }
  if (adopted.fingerprinted) data.passed.push('fingerprint');
  if (adopted.backedUp) data.passed.push('backup');
  book.note({ by: 'migration', what: 'took over what a run had left behind', reason: run }, Date.now());
  const { notPartOfIt } = adopted;
  if (notPartOfIt.length > 0) {
    const reason = `that run was not to move ${notPartOfIt.join(', ')}: these wait for a run of their own`;
    book.note({ by: 'migration', what: 'note', reason }, Date.now());
  }
  acts.changed();
}

async function once(acts: Acts, name: string, act: () => Promise<unknown>): Promise<void> {
  const { passed } = acts.control.data;
  if (passed.includes(name)) return;
  await act();
  passed.push(name);
}

/** A run that may not start (a wrong plan or table, another run open) fails at once, in the activity's own words. */
async function orFail<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const failure = activityError(error);
    // A server that cannot be reached holds the run, like later on.
    if (failure?.code !== 'ERR_002') throw error;
    throw ApplicationFailure.nonRetryable(`${failure.message} ${failure.next}`, failure.code);
  }
}
