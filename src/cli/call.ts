import type { Client } from 'pg';
import { findRun } from '../client/open-run.js';
import { connectTemporal, type TemporalDoor } from '../client/connect-temporal.js';
import type { RunHandle } from '../client/runs.js';
import type { Config } from '../config/config.js';
import { readEnvFile, type Environment } from '../config/env-file.js';
import { loadConfig } from '../config/load-config.js';
import { poolConfigOf } from '../config/pool-config.js';
import { connect } from '../engine/postgres/connect.js';
import { databaseError } from '../store/postgres-errors.js';

/** How a command ended. */
export interface Outcome {
  /** false: a check failed, or what was asked for could not be done */
  readonly ok: boolean;
  /** what `--json` prints */
  readonly document: object;
}

/** What a command works with. Connections are opened when they are asked for, and closed when it has ended. */
export interface Call {
  /** by their camel-case names, as their `parse` made them */
  readonly options: Readonly<Record<string, unknown>>;
  /** a document is wanted */
  readonly json: boolean;
  /** A line for people; nothing where a document is wanted. */
  readonly say: (line: string) => void;
  /** aborted when somebody wants us to end */
  readonly signal: AbortSignal;
  /** who calls, for the record */
  readonly operator: string;
  readonly config: () => Config;
  readonly temporal: () => Promise<TemporalDoor>;
  /** the run that `--session` names, or the one that is open */
  readonly run: () => Promise<RunHandle>;
  /** a connection to the target that can only read */
  readonly target: () => Promise<Client>;
}

/** Calls `work`, and closes what it has opened. */
export async function withCall<T>(
  parts: Pick<Call, 'options' | 'json' | 'say' | 'signal'> & { readonly environment: Environment },
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const { environment, ...given } = parts;
  const open: (() => Promise<void>)[] = [];
  const once = <Value>(make: () => Value): (() => Value) => {
    let made: { readonly value: Value } | undefined;
    return () => (made ??= { value: make() }).value;
  };
  const config = once(() => loadConfig(readEnvFile('.env', environment)));
  const temporal = once(async () => {
    const door = await connectTemporal(config().temporal);
    open.push(() => door.close());
    return door;
  });
  const target = once(async () => {
    const client = await connect(poolConfigOf(config().target, config()), { readOnly: true }).catch(
      (error: unknown) => {
        throw databaseError(error, 'target');
      },
    );
    open.push(() => client.end());
    return client;
  });
  const run = once(async () => findRun(await temporal(), textOption(given.options, 'session')));
  try {
    return await work({
      ...given,
      operator: environment['USER'] ?? environment['USERNAME'] ?? 'operator',
      config,
      temporal,
      target,
      run,
    });
  } finally {
    // What cannot be closed any more is closed already.
    for (const close of open.toReversed()) await close().catch(() => undefined);
  }
}

export function textOption(options: Call['options'], name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
