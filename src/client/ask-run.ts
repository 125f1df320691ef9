import { QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import type { RunStatus } from '../contract/status.js';
import { type RunHandle, runStatus } from './runs.js';

/** The run's status, or why it has not answered this time. */
export type RunAnswer =
  | { readonly status: RunStatus; readonly silence: null }
  | { readonly status: null; readonly silence: string };

/** For those who watch a run: that no worker is up, or it is busy replaying, does not end their watch. */
export async function askRun(handle: RunHandle): Promise<RunAnswer> {
  try {
    return { status: await runStatus(handle), silence: null };
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return { status: null, silence: 'it is just starting' };
    if (!(error instanceof ServiceError)) throw error;
    return { status: null, silence: error.cause?.message ?? error.message };
  }
}
