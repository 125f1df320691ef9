import { NativeConnection } from '@temporalio/worker';
import { MigrationError } from '../contract/errors.js';
import type { TemporalAccess } from './temporal-access.js';

/**
 * A worker's connection to the Temporal Service.
 *
 * @throws MigrationError ERR_001 when nothing answers there
 */
export async function connectWorker(address: string, access: TemporalAccess): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address, ...access });
  } catch (cause) {
    throw new MigrationError('ERR_001', `Temporal cannot be reached at ${address}.`, {
      next: 'Start the Temporal Service, or correct TEMPORAL_ADDRESS and its TLS and API key settings.',
      place: { server: 'Temporal' },
      transient: true,
      cause,
    });
  }
}
