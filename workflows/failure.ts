import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { LastError } from '../src/contract/status.js';

/** The failed activity's own words; undefined when the error is none (a cancellation, a fault of the workflow). */
export function activityError(error: unknown): Omit<LastError, 'at'> | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return undefined;
  return {
    code: error.cause.type ?? 'ERR_003',
    message: error.cause.message,
    next: nextOf(error.cause.details?.[0]) ?? 'Mend the cause, then send the update retry.',
  };
}

function nextOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('next' in details)) return undefined;
  return typeof details.next === 'string' ? details.next : undefined;
}
