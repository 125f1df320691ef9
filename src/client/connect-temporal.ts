import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { MigrationError } from '../contract/errors.js';
import { temporalAccess, type TemporalAccess } from './temporal-access.js';

const connectTimeoutMs = 5_000;

/** The one door to Temporal for command line and dashboard. */
export interface TemporalDoor {
  readonly client: Client;
  /** where the workers of this installation listen */
  readonly taskQueue: string;
  /** host:port, for messages */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Connects to the Temporal Service that the configuration names.
 *
 * @param access how to prove who we are; from the process's environment unless given
 * @example
 * const temporal = await connectTemporal(config.temporal);
 * try {
 *   const run = await startRun(temporal, { input: { name: 'Production_Migration_2025-01-19' } });
 * } finally {
 *   await temporal.close();
 * }
 * @throws MigrationError ERR_001 when nothing answers there
 */
export async function connectTemporal(
  { address, namespace, taskQueue }: Pick<Config['temporal'], 'address' | 'namespace' | 'taskQueue'>,
  access: TemporalAccess = temporalAccess(process.env),
): Promise<TemporalDoor> {
  const connection = await connect(address, access);
  const client = new Client({ connection, namespace });
  return { client, taskQueue, address, close: () => connection.close() };
}

async function connect(address: string, { tls, apiKey, metadata }: TemporalAccess): Promise<Connection> {
  try {
    return await Connection.connect({
      address,
      connectTimeout: connectTimeoutMs,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError('ERR_001', `Temporal cannot be reached at ${address}: ${why}.`, {
      next: 'Start the Temporal Service, or correct TEMPORAL_ADDRESS and its TLS and API key settings.',
      place: { server: 'Temporal' },
      transient: true,
      cause,
    });
  }
}
