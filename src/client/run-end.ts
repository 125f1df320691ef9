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

/** Resolves when the run closes, whichever way. Rejects only when Temporal cannot be asked any more. */
export async function runEnd(handle: RunHandle): Promise<RunEnd> {
  try {
    return { how: 'completed', status: await handle.result() };
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
