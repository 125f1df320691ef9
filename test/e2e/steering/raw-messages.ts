/** Messages as no client would build them: the bytes of a payload are whatever the test says, whatever they claim to be. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { RunEnvironment } from '../../helpers/run-environment.js';

type Payloads = temporal.api.common.v1.IPayloads;

/** A payload of these bytes, which says that it is `encoding`. */
export function payloadOf(data: string, encoding = 'json/plain'): Payloads {
  const metadata = { encoding: Buffer.from(encoding) };
  return { payloads: [{ metadata, data: Buffer.from(data) }] };
}

/** The doors of one run, past the client's own converter. */
export function rawMessages(
  { temporal: client }: RunEnvironment,
  { workflowId }: Pick<WorkflowHandle, 'workflowId'>,
) {
  const { workflowService, options } = client;
  const to = { namespace: options.namespace, workflowExecution: { workflowId } };
  return {
    signal: (signalName: string, input: Payloads): Promise<unknown> =>
      workflowService.signalWorkflowExecution({ ...to, signalName, input, requestId: randomUUID() }),
    /** Why it is refused; throws when it is taken. */
    refusedUpdate: async (name: string, args: Payloads): Promise<string> => {
      const { outcome } = await workflowService.updateWorkflowExecution({
        ...to,
        request: { meta: { updateId: randomUUID(), identity: 'a test' }, input: { name, args } },
        waitPolicy: {
          lifecycleStage:
            temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage
              .UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
        },
      });
      if (!outcome?.failure) throw new Error(`the update ${name} was taken`);
      return outcome.failure.message ?? '';
    },
    query: async (queryType: string, queryArgs: Payloads): Promise<unknown> => {
      const { queryResult } = await workflowService.queryWorkflow({
        namespace: to.namespace,
        execution: to.workflowExecution,
        query: { queryType, queryArgs },
      });
      return JSON.parse(Buffer.from(queryResult?.payloads?.[0]?.data ?? []).toString('utf8'));
    },
  };
}

/** Starts a run whose input is these bytes. Answers its handle. */
export async function startRaw(
  { temporal: client, taskQueue }: RunEnvironment,
  workflowId: string,
  input: Payloads,
): Promise<WorkflowHandle> {
  await client.workflowService.startWorkflowExecution({
    namespace: client.options.namespace,
    workflowId,
    workflowType: { name: 'migration' },
    taskQueue: { name: taskQueue },
    requestId: randomUUID(),
    input,
  });
  return client.workflow.getHandle(workflowId);
}
