import { Worker } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { builtProduct } from '../../helpers/built-product.js';

/**
 * Today's code decides again as the run has decided: a worker that takes the run over, or a query of a closed run, reads
 * its history. Throws with the event where it does not.
 */
export async function expectReplays(run: Pick<WorkflowHandle, 'fetchHistory' | 'workflowId'>): Promise<void> {
  const bundle = { codePath: await builtProduct('workflow-bundle.js') };
  await Worker.runReplayHistory({ workflowBundle: bundle }, await run.fetchHistory(), run.workflowId);
}
