/** The manual's error codes (appendix C): what kind of thing went wrong, the same in every log, failure and exit. */
export const errorCodes = {
  ERR_001: 'database connection failure',
  ERR_002: 'schema validation failure',
  ERR_003: 'data validation failure',
  ERR_004: 'foreign key constraint violation',
  ERR_005: 'duplicate key violation',
  ERR_006: 'migration timeout',
  ERR_007: 'memory exhaustion',
  ERR_008: 'disk space insufficient',
  ERR_009: 'data corruption detected',
  ERR_010: 'rollback failure',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The codes a single row can be rejected with. */
export type RejectCode = 'ERR_003' | 'ERR_004' | 'ERR_005';

/** Where it happened. Rows are named by their key, never by their contents. */
export interface ErrorPlace {
  server?: string;
  table?: string;
  key?: string;
  column?: string;
}

/**
 * The one error of the product: a code, a sentence that says what happened, where, and what to do next.
 * `transient` errors are worth trying again (a lost connection); others are not (a wrong schema).
 */
export class MigrationError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly place: ErrorPlace;
  readonly transient: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { next: string; place?: ErrorPlace; transient?: boolean; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MigrationError';
    this.code = code;
    this.next = options.next;
    this.place = options.place ?? {};
    this.transient = options.transient ?? false;
  }
}
