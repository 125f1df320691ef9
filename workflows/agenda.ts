import type { Order, RunData } from './run-data.js';

/**
 * What the run does next; undefined: it waits. What an operator has asked for comes first; then, as long as the run
 * walks by itself, the first thing of the four phases that is not done.
 */
export function nextOrder(data: RunData): Order | undefined {
  if (data.held || data.ended) return undefined;
  if (data.queue.length > 0) return data.queue.shift();
  if (!data.prepared) return { do: 'prepare' };
  if (!data.walking) return undefined;
  const open = data.steps.find(({ state }) => state !== 'completed');
  if (open) return { do: 'step', step: open.step };
  return data.settings.verify && !data.validated ? { do: 'validate' } : { do: 'finalize' };
}
