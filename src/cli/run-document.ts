import type { RunStatus } from '../contract/status.js';
import { isVerified } from '../report/verdict.js';
import type { FollowEnd } from './follow-run.js';

/** What `--json` prints at the end: one document, whatever happened. */
export interface RunDocument {
  /**
   * `completed` only when the run completed and was verified; else `not-verified` (completed without that proof),
   * `waiting` (held for an operator) or another state of the run, `cancelled`, `terminated`, `interrupted`, `failed`
   */
  readonly outcome: string;
  /** by target table */
  readonly tables: Readonly<Record<string, TableFigures>>;
  /** from the start of the run to its end; null when it never started */
  readonly seconds: number | null;
  readonly addresses: RunAddresses | null;
  /** path of the JSON report; null when none was written */
  readonly report: string | null;
  readonly error: {
    readonly code: string | null;
    readonly message: string;
    readonly next: string | null;
  } | null;
}

export interface TableFigures {
  readonly source: number | null;
  readonly read: number;
  readonly migrated: number;
  readonly merged: number;
  readonly rejected: number;
  /** null where verification has not looked */
  readonly differences: number | null;
}

export interface RunAddresses {
  /** host:port of the Temporal Service */
  readonly temporal: string;
  readonly temporalUi: string;
  /** page of the run in the Temporal UI */
  readonly run: string;
}

export function runDocument(end: FollowEnd, seconds: number, addresses: RunAddresses): RunDocument {
  const { status } = end;
  return {
    outcome: outcomeOf(end),
    tables: tablesOf(status),
    seconds,
    addresses,
    report: status?.report ?? null,
    error: errorOf(end),
  };
}

export function outcomeOf({ how, status }: FollowEnd): string {
  if (how === 'held') return status?.state ?? 'waiting';
  if (how !== 'completed') return how;
  if (status?.state !== 'completed') return status?.state ?? 'failed';
  return isVerified(status) ? 'completed' : 'not-verified';
}

function tablesOf(status: RunStatus | null): Record<string, TableFigures> {
  return Object.fromEntries(
    (status?.steps ?? []).map(({ table, source, read, migrated, merged, rejected, differences }) => [
      table,
      { source, read, migrated, merged, rejected, differences },
    ]),
  );
}

function errorOf({ failure, how, status }: FollowEnd): RunDocument['error'] {
  if (failure) return { code: failure.code, message: failure.message, next: failure.next };
  if (how !== 'held' || !status) return null;
  const { waitingFor, lastError } = status;
  return {
    code: waitingFor?.code ?? lastError?.code ?? null,
    message: waitingFor?.reason ?? lastError?.message ?? `The run is ${status.state}.`,
    next: lastError?.next ?? null,
  };
}
