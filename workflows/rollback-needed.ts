import type { ErrorCode } from '../src/contract/errors.js';

/** Why the run must be undone: the contract's automatic rollbacks. Thrown by a phase, handled by the workflow. */
export class RollbackNeeded extends Error {
  readonly code: ErrorCode;
  readonly next: string;

  constructor(code: ErrorCode, message: string, next: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}
