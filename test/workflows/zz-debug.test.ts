import { it } from 'vitest';
import { Simulation } from './simulation.js';
it('x', async () => {
  const run = await Simulation.start({ mode: 'stepwise', verify: false });
  const show = (w: string) => console.log(w, run.pending.map((p) => p.name), run.control.state, run.data.order?.do, run.data.queue, run.data.closing);
  for (let i = 0; i < 7; i++) await run.end(run.pending[0]!, 'done');
  show('start');
  if (run.pending[0]) await run.end(run.pending[0]!, 'done');
  show('start');
  if (run.pending[0]) await run.end(run.pending[0]!, 'done');
  show('ready');
  await run.update('finish', {}); show('finish');
  await run.fillHistory(); show('full');
  await run.end(run.pending[0]!, 'done'); show('end');
  await run.cancel(); show('cancel');
  await run.end(run.pending[0]!, 'done'); show('end');
});
