import type { RunEnvironment } from '../../helpers/run-environment.js';
import { attributesOf, recordedOf, type RecordedHistory } from './history-files.js';
import type { RunHandle } from './scene.js';
import { scrubbed } from './scrub.js';

/** The histories of a run: more than one when it went on in a new one. */
export async function historiesOf(run: RunHandle, environment: RunEnvironment): Promise<RecordedHistory[]> {
  const { workflow } = environment.temporal;
  const histories: RecordedHistory[] = [];
  const { raw } = await run.describe();
  for (
    let runId: unknown = raw.workflowExecutionInfo?.firstRunId;
    typeof runId === 'string' && runId !== '';
  ) {
    const recorded = recordedOf(await workflow.getHandle(run.workflowId, runId).fetchHistory());
    histories.push(scrubbed(recorded, environment));
    const last = recorded.events.at(-1);
    runId = last && attributesOf(last)['newExecutionRunId'];
  }
  return histories;
}
