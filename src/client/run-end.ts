import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { z } from 'zod';
import type { RunStatus } from '../contract/status.js';
import type { RunHandle } from './runs.js';

/** What our failures carry beside code and message. */
const detailsSchema = z.object({ next: z.string() });

/** How a run closed, in the words of the contract. */
export type RunEnd =
  | { readonly how: 'completed'; readonly status: RunStatus }
  | {
      readonly how: 'failed' | 'cancelled' | 'terminated';
      /** ERR code; null where the run's own code had no say */
      readonly code: string | null;
      readonly message: string;
      readonly next: string | null;
    };

/**
 * Resolves when the run closes, whichever way. Rejects when Temporal cannot be asked any more, or the signal is aborted:
 * do that, and wait for it, before the connection is closed, or the client's next try brings down the process.
 */
export async function runEnd(handle: RunHandle, signal: AbortSignal): Promise<RunEnd> {
  try {
    const status = await handle.client.withAbortSignal(signal, () => handle.result());
    return { how: 'completed', status };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return failedEnd(error);
  }
}

function failedEnd({ cause, message }: WorkflowFailedError): RunEnd {
  if (cause instanceof CancelledFailure)
    return { how: 'cancelled', code: null, message: 'The run was cancelled.', next: null };
  if (cause instanceof TerminatedFailure)
    return {
      how: 'terminated',
      code: null,
      message: 'The run was terminated: nothing could be undone.',
      next: 'Start it again to go on from what is in the target.',
    };
  if (!(cause instanceof ApplicationFailure))
    return { how: 'failed', code: null, message: cause?.message ?? message, next: null };
  const details = detailsSchema.safeParse(cause.details?.[0]).data;
  return { how: 'failed', code: cause.type ?? null, message: cause.message, next: details?.next ?? null };
}
