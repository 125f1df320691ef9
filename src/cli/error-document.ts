import { MigrationError } from '../contract/errors.js';
import { Interrupted } from './interruption.js';
import type { RunDocument } from './run-document.js';

/** The document of a call that ended before its run did. */
export function errorDocument(error: unknown): RunDocument {
  return {
    outcome: error instanceof Interrupted ? 'interrupted' : 'failed',
    tables: {},
    seconds: null,
    addresses: null,
    report: null,
    error: errorFields(error),
  };
}

/** An error as a document has it: `code` and `next` are null where the error is none of ours. */
export function errorFields(error: unknown): {
  readonly code: string | null;
  readonly message: string;
  readonly next: string | null;
} {
  return {
    code: error instanceof MigrationError ? error.code : null,
    message: error instanceof Error ? error.message : String(error),
    next: error instanceof MigrationError ? error.next : null,
  };
}
