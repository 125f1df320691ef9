import { isGrpcDeadlineError, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { MigrationError } from '../contract/errors.js';

/** gRPC's numbers for what says nothing about the request itself: nobody answered it. */
const deadlineExceeded = 4;
const unavailable = 14;
const noAnswerCodes = new Set<number>([deadlineExceeded, unavailable]);

/** Whether the call failed because Temporal, or the worker that had to answer it, did not answer. */
export function isNoAnswer(error: unknown): boolean {
  if (isGrpcDeadlineError(error)) return true;
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) && noAnswerCodes.has(grpc.code);
}

/**
 * The error as ERR_001 when Temporal, or the worker behind it, did not answer; anything else comes back as it is.
 *
 * @param where host:port of the Temporal Service
 */
export function temporalError(error: unknown, where: string): unknown {
  if (!isNoAnswer(error)) return error;
  return new MigrationError('ERR_001', `Temporal at ${where} did not answer in time.`, {
    next: 'See that the Temporal Service and at least one worker are running; then try again.',
    place: { server: 'Temporal' },
    transient: true,
    cause: error,
  });
}
