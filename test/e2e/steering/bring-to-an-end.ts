/** An operator who knows what he wants, and does what the run says helps. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatus } from '../../../src/contract/status.js';
import type { RunEnvironment } from '../../helpers/run-environment.js';

type Run = Awaited<ReturnType<RunEnvironment['start']>>;

/** From wherever the run stands to the end that is wanted. A run that has ended otherwise already stays so. */
export async function bringToAnEnd(run: Run, wanted: 'complete' | 'rollback' | 'cancel'): Promise<RunStatus> {
  if (wanted === 'cancel') await run.cancel();
  for (;;) {
    const status = await run.query<RunStatus>('status');
    if ((await run.describe()).status.name !== 'RUNNING') return status;
    const { state } = status;
    // What was true when it was asked need not be true any more.
    const ask = (name: string, args: object) =>
      run.executeUpdate<object, [object]>(name, { args: [args] }).catch(() => undefined);
    if (wanted === 'rollback' && ['waiting', 'paused', 'stopped'].includes(state))
      await ask('rollback', { scope: 'full' });
    if (state === 'paused' || state === 'stopped') await run.signal('resume').catch(() => undefined);
    if (state === 'waiting' && wanted === 'complete') await ask(...next(status));
    if (state === 'rollback-failed') throw new Error(`the undo is held: ${status.waitingFor?.reason}`);
    await sleep(100);
  }
}

/** What brings a waiting run nearer to being complete. */
function next({ mode, steps, waitingFor, phase }: RunStatus): [name: string, args: object] {
  if (mode === 'auto' || waitingFor?.code) return ['retry', {}];
  const open = steps.find(({ state }) => state !== 'completed');
  if (open) return ['run-step', { step: open.step }];
  return [
    'run-step',
    {
      step:
        phase === 'validate' && steps.every(({ differences }) => differences === 0) ? 'finalize' : 'validate',
    },
  ];
}
