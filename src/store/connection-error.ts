import { MigrationError } from '../contract/errors.js';

export const waitAndRetry =
  'It is tried again by itself; if it stays so, see the server and the network between.';

/** What a server does that has reached its limit of connections. */
export const noConnectionToSpare = 'has no connection to spare';

/** Whether a server refused a connection because it has as many as it may: it is whole, and worth waiting for. */
export function isFull(error: unknown): boolean {
  return error instanceof MigrationError && error.message.includes(noConnectionToSpare);
}

/** Codes of sockets that come and go by themselves. */
const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** What one server's driver says beside the codes of sockets. */
export interface ConnectionWords {
  readonly isLost: (code: string, message: string) => boolean;
  /** no agreement on encryption or on who somebody is */
  readonly isRefused: (code: string, message: string) => boolean;
  /** what to look at then */
  readonly whenRefused: string;
}

/** A failure of the connection itself, as the product's error; undefined when the error is another one. */
export function connectionError(
  error: Error,
  server: string,
  { isLost, isRefused, whenRefused }: ConnectionWords,
): MigrationError | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const options = { place: { server }, cause: error };
  if (transientCodes.has(code) || isLost(code, error.message))
    return new MigrationError(
      'ERR_001',
      `The connection to the ${server} database failed (${code || error.message}).`,
      { ...options, transient: true, next: waitAndRetry },
    );
  if (code === 'ENOTFOUND')
    return new MigrationError('ERR_001', `The host of the ${server} database is not known (ENOTFOUND).`, {
      ...options,
      next: 'Correct the host in the connection string, or the name service.',
    });
  if (/CERT|SIGNATURE|TLS|SSL/.test(code) || isRefused(code, error.message))
    return new MigrationError(
      'ERR_001',
      `The ${server} database and we could not agree on encryption or identity (${code || error.message}).`,
      { ...options, next: whenRefused },
    );
  return undefined;
}
